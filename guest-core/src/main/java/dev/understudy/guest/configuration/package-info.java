/**
 * What a machine is made of, before there is one: {@link dev.understudy.guest.configuration.MachineConfiguration} and its
 * parts. Two machines of one configuration are the same machine.
 */
package dev.understudy.guest.configuration;
