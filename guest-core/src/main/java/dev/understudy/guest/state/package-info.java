/**
 * What the state of a machine is: each part saves and loads its own by one list. A digest hashes that list, so replicas
 * and replays are compared by all of it.
 */
package dev.understudy.guest.state;
