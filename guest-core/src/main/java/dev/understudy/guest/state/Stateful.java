package dev.understudy.guest.state;

/**
 * A part of the machine that outlives an instruction.
 * <p>
 * {@link #save} is the list of what the part's state is. A digest hashes that list, a snapshot and a fork keep it: so
 * they cannot disagree. What is not in the list is derived from it, carries {@link Derived}, and is made anew by
 * {@link #load}. Owned by the hart thread.
 */
public interface Stateful
{
    /** Writes the whole state. Changes nothing that the guest or a later digest can see. */
    void save(StateWriter to);

    /**
     * Takes over what {@link #save} wrote, in place of what is there. After an exception the part is of no use.
     *
     * @throws StateException when that cannot be the state of this part
     */
    void load(StateReader from);
}
