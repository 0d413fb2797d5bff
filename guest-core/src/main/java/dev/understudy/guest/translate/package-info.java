/**
 * The ways to execute the guest's instructions: interpreted, as translations to the JVM's bytecode, and both mixed. An
 * {@link dev.understudy.guest.translate.Engine} may change speed and nothing else.
 */
package dev.understudy.guest.translate;
