/**
 * Floating-point arithmetic that is exact to the last bit and flag: on integers, and on the host's processor where
 * that is provably the same. Pure functions without state; only the hart calls them.
 */
package dev.understudy.guest.floating;
