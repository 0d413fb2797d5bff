/** Commands of understudy as real processes, to be started, starved and killed. */
package dev.understudy.chaos.process;
