import SystemShim

extension [UInt8] {
    /// Whether a run of bytes stands somewhere in the array; an empty one does not.
    package func contains(run: [UInt8]) -> Bool {
        guard !run.isEmpty, run.count <= count else { return false }
        return withUnsafeBytes { bytes in
            run.withUnsafeBytes { mlt_contains(bytes.baseAddress, bytes.count, $0.baseAddress, $0.count) != 0 }
        }
    }
}
