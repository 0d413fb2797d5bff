/**
 * The guest's processor and its engines: interpreter, translator, and both mixed. An engine may change speed and
 * nothing else; the rest of the machine sees {@link dev.understudy.guest.hart.Hart} alone.
 */
package dev.understudy.guest.hart;
