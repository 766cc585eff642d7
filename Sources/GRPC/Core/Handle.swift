/// An object of gRPC's core, which may be used from any thread: what it points to guards itself, and the pointer never changes.
struct Handle: @unchecked Sendable {
    let pointer: OpaquePointer

    init?(_ pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }
}
