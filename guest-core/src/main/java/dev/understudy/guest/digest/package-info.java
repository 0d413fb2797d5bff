/**
 * Hashes the state of a machine, so that replicas and replays can be compared. Each part of the machine hands in
 * its own state; what is not handed in is not compared.
 */
package dev.understudy.guest.digest;
