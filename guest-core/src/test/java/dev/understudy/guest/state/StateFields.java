package dev.understudy.guest.state;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds by reflection every field of a machine that can change, and whether a digest over {@link Stateful#save} changes
 * with it.
 */
final class StateFields
{
    private static final String PACKAGE = "dev.understudy.guest.";

    private final Set<String> all = new TreeSet<>();
    private final Set<String> saved = new TreeSet<>();

    /** Names of all fields that were looked at. */
    Set<String> all()
    {
        return all;
    }

    /** Names of those without an effect on what is saved, in all states that were looked at. */
    Set<String> lost()
    {
        final Set<String> lost = new TreeSet<>(all);
        lost.removeAll(saved);
        return lost;
    }

    /** Changes each field of each object below {@code root} in turn, and puts it back. */
    void look(final Stateful root) throws IllegalAccessException
    {
        final long before = numbers(root);
        for (final Object object : objects(root))
        {
            for (final Field field : fields(object.getClass()))
            {
                final Object value = field.get(object);
                final String name = field.getDeclaringClass().getSimpleName() + "." + field.getName();
                if (value != null && value.getClass().isArray())
                {
                    if (value.getClass().getComponentType().isPrimitive() && !saved.contains(name))
                    {
                        all.add(name);
                        flip(value);
                        note(name, before, root);
                        flip(value);
                    }
                }
                else if (!Modifier.isFinal(field.getModifiers()) && !isPart(field.getType()))
                {
                    all.add(name);
                    field.set(object, other(value, field.getType()));
                    note(name, before, root);
                    field.set(object, value);
                }
            }
        }
        if (numbers(root) != before)
        {
            throw new AssertionError("a field was not put back");
        }
    }

    /** Names of the fields that differ between two machines of one configuration. */
    static Set<String> different(final Stateful one, final Stateful other) throws IllegalAccessException
    {
        final List<Object> left = objects(one);
        final List<Object> right = objects(other);
        final Set<String> different = new TreeSet<>();
        for (int i = 0; i < left.size(); i++)
        {
            for (final Field field : fields(left.get(i).getClass()))
            {
                final Object value = field.get(left.get(i));
                final boolean isCompared = field.getType().isPrimitive() || field.getType().isEnum() ||
                    field.getType() == String.class ||
                    field.getType().isArray() && field.getType().getComponentType().isPrimitive();
                if (isCompared && !Objects.deepEquals(value, field.get(right.get(i))))
                {
                    different.add(field.getDeclaringClass().getSimpleName() + "." + field.getName());
                }
            }
        }
        return different;
    }

    /** Changes all elements of an array; once more, and they are as before. */
    private static void flip(final Object array)
    {
        for (int i = 0; i < Array.getLength(array); i++)
        {
            final Object element = Array.get(array, i);
            Array.set(array, i, other(element, element.getClass()));
        }
    }

    private void note(final String name, final long before, final Stateful root)
    {
        long now;
        try
        {
            now = numbers(root);
        }
        catch (final RuntimeException e)
        {
            // What was changed made no sense to what saves it: so it is looked at.
            now = ~before;
        }
        if (now != before)
        {
            saved.add(name);
        }
    }

    /** A digest over everything but the content of RAM. */
    private static long numbers(final Stateful root)
    {
        final StateHash hash = new StateHash();
        root.save(new StateWriter()
        {
            @Override
            public void write(final long value)
            {
                hash.write(value);
            }

            @Override
            public void write(final byte[] bytes, final int offset, final int length)
            {
                hash.write(bytes, offset, length);
            }

            @Override
            public void write(final PagedMemory memory)
            {
                hash.write(memory.pages());
            }
        });
        return hash.value();
    }

    private static List<Object> objects(final Object root) throws IllegalAccessException
    {
        final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        final List<Object> objects = new ArrayList<>();
        add(root, seen, objects);
        for (int i = 0; i < objects.size(); i++)
        {
            final Object object = objects.get(i);
            for (final Field field : fields(object.getClass()))
            {
                final Object value = field.get(object);
                if (value != null && value.getClass().isArray() && !value.getClass().getComponentType().isPrimitive())
                {
                    for (final Object element : (Object[])value)
                    {
                        add(element, seen, objects);
                    }
                }
                else
                {
                    add(value, seen, objects);
                }
            }
        }
        return objects;
    }

    private static void add(final Object value, final Set<Object> seen, final List<Object> objects)
    {
        if (value != null && isPart(value.getClass()) && seen.add(value))
        {
            objects.add(value);
        }
    }

    /** Whether objects of a class may hold state: no record, constant or function; nor RAM, which is saved page by page. */
    private static boolean isPart(final Class<?> type)
    {
        return type.getName().startsWith(PACKAGE) && !PagedMemory.class.isAssignableFrom(type) && !type.isRecord() && !type.isEnum() && !type.isHidden() &&
            !type.isArray() && !type.isAnnotationPresent(Derived.class);
    }

    private static List<Field> fields(final Class<?> type)
    {
        final List<Field> fields = new ArrayList<>();
        for (Class<?> it = type; it != null && it.getName().startsWith(PACKAGE); it = it.getSuperclass())
        {
            for (final Field field : it.getDeclaredFields())
            {
                if (!Modifier.isStatic(field.getModifiers()) && !field.isAnnotationPresent(Derived.class))
                {
                    field.setAccessible(true);
                    fields.add(field);
                }
            }
        }
        return fields;
    }

    /** Another value of the same type. */
    private static Object other(final Object value, final Class<?> type)
    {
        return switch (value)
        {
            case final Boolean it -> !it;
            case final Byte it -> (byte)(it ^ 1);
            case final Short it -> (short)(it ^ 1);
            case final Integer it -> it ^ 1;
            case final Long it -> it ^ 1L;
            case final String it -> it + "!";
            case null -> type == String.class ? "!" : type.getEnumConstants()[0];
            default -> type.getEnumConstants()[(((Enum<?>)value).ordinal() + 1) % type.getEnumConstants().length];
        };
    }
}
