package dev.understudy.chaos.client;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** One connection to a server that speaks the Redis protocol: a request, then its reply. Not thread-safe. */
public final class RespConnection implements Closeable
{
    private static final int CONNECT_TIMEOUT_MS = 250;
    private static final int REPLY_TIMEOUT_MS = 2_000;

    /** No value of any guest here is longer. */
    private static final int MAX_BULK_BYTES = 64 << 20;
    private static final String SHOWN_LINE = "%.200s";

    private final Socket socket;
    private final InputStream in;

    /** Connects to the server at an address. */
    public RespConnection(final InetSocketAddress address) throws IOException
    {
        this(address, CONNECT_TIMEOUT_MS, REPLY_TIMEOUT_MS);
    }

    /** Connects to the server at an address that may take longer. */
    public RespConnection(final InetSocketAddress address, final int connectTimeoutMs, final int replyTimeoutMs)
        throws IOException
    {
        socket = new Socket();
        try
        {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(replyTimeoutMs);
            socket.connect(address, connectTimeoutMs);
            in = new BufferedInputStream(socket.getInputStream());
        }
        catch (final IOException e)
        {
            socket.close();
            throw e;
        }
    }

    /**
     * Sends a request and waits for its reply; null for a key that is not there.
     *
     * @throws WrongReplyException when the reply is an error or not one of the protocol
     */
    public String request(final String... arguments) throws IOException
    {
        final StringBuilder request = new StringBuilder("*").append(arguments.length).append("\r\n");
        for (final String argument : arguments)
        {
            request.append('$').append(argument.length()).append("\r\n").append(argument).append("\r\n");
        }
        socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.US_ASCII));

        final String line = readLine();
        return switch (line.charAt(0))
        {
            case '+', ':' -> line.substring(1);
            case '$' -> readBulk(line);
            default -> throw new WrongReplyException("the server answered " + SHOWN_LINE.formatted(line));
        };
    }

    private String readBulk(final String line) throws IOException
    {
        if (line.equals("$-1"))
        {
            return null;
        }
        final int length = line.matches("\\$\\d{1,9}") ? Integer.parseInt(line.substring(1)) : Integer.MAX_VALUE;
        if (length > MAX_BULK_BYTES)
        {
            throw new WrongReplyException("the server answered " + SHOWN_LINE.formatted(line) + " where a value begins");
        }
        final byte[] bytes = in.readNBytes(length + 2);
        if (bytes.length < length + 2)
        {
            throw new EOFException("the connection ended within a reply");
        }
        if (bytes[length] != '\r' || bytes[length + 1] != '\n')
        {
            throw new WrongReplyException("a value does not end after the " + length + " bytes that the server said");
        }
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }

    private String readLine() throws IOException
    {
        final StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read())
        {
            if (next < 0)
            {
                throw new EOFException("the connection ended");
            }
            if (next != '\r')
            {
                line.append((char)next);
            }
        }
        if (line.isEmpty())
        {
            throw new WrongReplyException("the server sent an empty line");
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException
    {
        socket.close();
    }
}
