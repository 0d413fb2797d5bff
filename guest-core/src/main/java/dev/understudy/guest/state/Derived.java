package dev.understudy.guest.state;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a field, or all fields of a class and its subclasses, that are no part of the state: they follow from the state,
 * hold nothing between two instructions, or concern speed alone. A field without this mark that {@link Stateful#save}
 * leaves out is a defect, which a test finds.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.TYPE})
public @interface Derived
{
    /** What they follow from. */
    String value();
}
