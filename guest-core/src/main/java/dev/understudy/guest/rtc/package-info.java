/**
 * The clock from which a guest takes the date. What the date was at one time of the guest's is an event; from there it
 * goes on with the guest's time, so that a replay and a replica that takes over need nobody else's clock.
 */
package dev.understudy.guest.rtc;
