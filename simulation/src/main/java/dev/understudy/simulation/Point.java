package dev.understudy.simulation;

/** Where in a step of its own a process meets its world, and so can be stopped. */
enum Point
{
    /** Before it reads the clock. */
    CLOCK,

    /** Before it gives something to the link, or asks it. */
    LINK,

    /** Before or after it appends to its journal, or while it opens it. */
    JOURNAL,

    /** Before it asks the arbiter, or looks for an answer. */
    ARBITER,

    /** Before it asks whether an output can be taken, and after one has left. */
    WORLD
}
