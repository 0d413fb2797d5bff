package dev.understudy.hypervisor.cli;

/** For whom a command prints. */
enum OutputFormat
{
    /** People. */
    TEXT,

    /** Machines: one JSON object on standard output. */
    JSON
}
