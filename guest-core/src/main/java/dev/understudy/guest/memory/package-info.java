/**
 * The guest's RAM, address translation and the caches in front of it. Devices and the loader write through {@link
 * dev.understudy.guest.memory.GuestMemory}, so that written pages are marked and decoded code is forgotten.
 */
package dev.understudy.guest.memory;
