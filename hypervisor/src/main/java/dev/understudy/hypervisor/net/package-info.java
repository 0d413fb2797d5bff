/**
 * The host's side of the guest's network device: a TAP interface or a stream socket. Frames go to the guest as
 * events; nothing here looks into them but the announcement of who took over.
 */
package dev.understudy.hypervisor.net;
