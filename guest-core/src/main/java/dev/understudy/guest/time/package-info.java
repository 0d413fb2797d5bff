/**
 * The guest's clock, computed from the last sample and the instructions since. No host clock is read here: samples
 * come in as events.
 */
package dev.understudy.guest.time;
