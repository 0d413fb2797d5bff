package dev.understudy.hypervisor.config;

/** Says in one line what is wrong with a setting, where it stands, and what is expected. */
public final class ConfigurationException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    public ConfigurationException(final String message)
    {
        super(message);
    }
}
