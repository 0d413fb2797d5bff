/**
 * The demonstration: a pair of real processes under load, whose primary is killed, with clients that check every
 * reply.
 */
package dev.understudy.hypervisor.demo;
