/// What libvirt says of a job of a whole domain, in its two forms.
struct DomainJob {
    private let job: KVMWorld.Job?
    private let domain: DomainPlan

    /// virDomainJobType: the kind whose end nobody knows.
    private static let unbounded: Int32 = 2
    /// virDomainJobOperation
    private static let migrationOut: Int32 = 5
    private static let backup: Int32 = 9
    private static let pageBytes: UInt64 = 4096
    /// Sent in a second.
    private static let migrationBytesPerSecond: UInt64 = 117 << 20
    /// Written in a second by the guest, which is more.
    private static let dirtyPagesPerSecond: UInt64 = 42_000

    init(_ job: KVMWorld.Job?, _ domain: DomainPlan) {
        self.job = job
        self.domain = domain
    }

    private struct Memory {
        let elapsed: UInt64
        let total: UInt64
        let sent: UInt64
        let remaining: UInt64
        let rounds: UInt64
    }

    /// A migration that sends the memory again and again.
    private func memory(afterSeconds seconds: Double) -> Memory {
        let total = domain.memoryKiB * 1024
        let sent = UInt64(max(0, seconds) * Double(Self.migrationBytesPerSecond))
        let into = sent % total
        // After the first round no more than an eighth is sent again, and never all of it.
        let remaining = sent < total ? total - into : total / 8 - into % (total / 16)
        return Memory(
            elapsed: UInt64(max(0, seconds) * 1000), total: total, sent: sent, remaining: remaining,
            rounds: sent < total ? 1 : 2 + (sent - total) / (total / 8))
    }

    /// virDomainJobInfo: a kind and eleven numbers.
    func writeInfo(_ writer: inout XDRWriter) {
        var numbers = [UInt64](repeating: 0, count: 11)
        switch job {
        case nil: break
        case .backup(let seconds, let done, let total):
            numbers[0] = UInt64(max(0, seconds) * 1000)
            (numbers[2], numbers[3], numbers[4]) = (total, done, total - done)
            (numbers[8], numbers[9], numbers[10]) = (total, done, total - done)
        case .migration(let seconds):
            let memory = memory(afterSeconds: seconds)
            numbers[0] = memory.elapsed
            (numbers[2], numbers[3], numbers[4]) = (memory.total, memory.sent, memory.remaining)
            (numbers[5], numbers[6], numbers[7]) = (memory.total, memory.sent, memory.remaining)
        }
        writer.integer(job == nil ? 0 : Self.unbounded)
        for number in numbers { writer.unsignedHyper(number) }
    }

    /// A kind and named numbers, in libvirt's order.
    func writeStatistics(_ writer: inout XDRWriter) {
        writer.integer(job == nil ? 0 : Self.unbounded)
        writer.array(statistics, TypedParameter.write)
    }

    private var statistics: [TypedParameter] {
        switch job {
        case nil: return []
        case .backup(let seconds, let done, let total):
            return [
                TypedParameter("operation", .integer(Self.backup)),
                TypedParameter("time_elapsed", .unsignedLong(UInt64(max(0, seconds) * 1000))),
                TypedParameter("disk_total", .unsignedLong(total)), TypedParameter("disk_processed", .unsignedLong(done)),
                TypedParameter("disk_remaining", .unsignedLong(total - done)),
            ]
        case .migration(let seconds):
            let memory = memory(afterSeconds: seconds)
            let normal = memory.sent / Self.pageBytes
            let numbers: [(String, UInt64)] = [
                ("time_elapsed", memory.elapsed), ("setup_time", 6), ("data_total", memory.total), ("data_processed", memory.sent),
                ("data_remaining", memory.remaining), ("memory_total", memory.total), ("memory_processed", memory.sent),
                ("memory_remaining", memory.remaining), ("memory_bps", Self.migrationBytesPerSecond), ("memory_constant", normal / 20),
                ("memory_normal", normal), ("memory_normal_bytes", normal * Self.pageBytes),
                ("memory_dirty_rate", Self.dirtyPagesPerSecond), ("memory_iteration", memory.rounds), ("memory_postcopy_requests", 0),
                ("memory_page_size", Self.pageBytes), ("disk_total", 0), ("disk_processed", 0), ("disk_remaining", 0),
            ]
            return [TypedParameter("operation", .integer(Self.migrationOut))]
                + numbers.map { TypedParameter($0.0, .unsignedLong($0.1)) }
        }
    }
}
