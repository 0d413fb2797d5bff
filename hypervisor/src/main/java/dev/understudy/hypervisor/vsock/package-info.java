/**
 * Carries TCP connections of the host to the guest's vsock ports. The agent's thread owns the sockets; a hostile
 * guest or a flood of clients is bounded here.
 */
package dev.understudy.hypervisor.vsock;
