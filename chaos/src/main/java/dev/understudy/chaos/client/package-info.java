/**
 * Clients of a guest's service that check every reply: for demonstrations and tests of a service that must lose nothing.
 */
package dev.understudy.chaos.client;
