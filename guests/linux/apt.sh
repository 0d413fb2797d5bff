# SPDX-License-Identifier: Apache-2.0
#
# For the scripts beside it, which read it with ".": Debian's packages for riscv64, whatever this machine is.

# Makes $1/apt.conf, an apt of its own for riscv64 and trixie, so that this machine's packages stay what they are; to be
# named in APT_CONFIG. The packages come from the Debian mirror that this machine uses, or that DEBIAN_MIRROR names; apt
# checks them against the archive's signature. Status 1, with a message, when there is no mirror or it does not answer.
set_up_apt()
{
    mirror=${DEBIAN_MIRROR-}
    if [ -z "$mirror" ]
    then
        # shellcheck disable=SC2016
        mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
            awk '$2 !~ /-/ && $3 == "Debian" && $4 == "Debian" { print $1; exit }')
    fi
    if [ -z "$mirror" ]
    then
        echo "no Debian mirror in this machine's apt sources: name one in DEBIAN_MIRROR" >&2
        return 1
    fi
    mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial" "$1/parts"
    : > "$1/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$1/sources.list"
    cat > "$1/apt.conf" << END
#clear APT::Architectures;
APT::Architecture "riscv64";
APT::Architectures { "riscv64"; };
APT::Sandbox::User "$(id -un)";
APT::Update::Error-Mode "any";
Dir::State "$1/state";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "$1/parts";
END
    if ! APT_CONFIG=$1/apt.conf apt-get -qq update
    then
        rm "$1/apt.conf"
        return 1
    fi
}
