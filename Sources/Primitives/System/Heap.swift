import SystemShim

/// The C heap of a long-lived process with few threads.
package enum Heap {
    /// Call once, first thing.
    package static func setUp() { mlt_heap_setup() }

    /// After a peak: gives free pages back.
    package static func trim() { mlt_heap_trim() }
}
