/**
 * What a node tells about itself over HTTP, and who asks for it. Reads what the agent published; changes nothing.
 */
package dev.understudy.hypervisor.status;
