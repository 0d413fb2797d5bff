/**
 * The virtio devices over MMIO, as the guest sees them: queues, registers, and one class a device. What a device
 * wants of the world is an output; what the world has for it comes in as an event.
 */
package dev.understudy.guest.virtio;
