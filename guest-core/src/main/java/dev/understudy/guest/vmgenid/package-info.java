/** The generation of the machine: a clone's is another one, by which its kernel learns that it is a clone. */
package dev.understudy.guest.vmgenid;
