package dev.understudy.hypervisor.cli;

import dev.understudy.replay.EventLog;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs a guest without a journal. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs a guest without a journal; its console is the terminal.",
    footer = {
        "",
        "Example:",
        "  understudy run --kernel guests/kv/kv.elf --memory 64M --forward 7000:6379",
        "",
        "Exit status: 0 when the guest shut down, 1 when it gave a failure as its reason or crashed.",
    })
final class RunCommand implements Callable<Integer>
{
    @Mixin
    private GuestOptions guest;

    @Override
    public Integer call() throws IOException
    {
        return Foreground.run(guest.image(), guest.forwards(), EventLog.none(), () -> {});
    }
}
