package dev.understudy.hypervisor.config;

/** The encoding that the JVM takes names of files to have. */
final class Encoding
{
    private Encoding()
    {
    }

    /** What to do when the locale is what keeps a text from being a path, as the end of a message; else nothing. */
    static String hint(final String path)
    {
        final String encoding = System.getProperty("sun.jnu.encoding", "");
        return path.chars().allMatch(it -> it > 0 && it < 128) || encoding.equals("UTF-8") ? "" :
            "; by the locale names of files are in " + encoding + ", start with LC_ALL=C.UTF-8";
    }
}
