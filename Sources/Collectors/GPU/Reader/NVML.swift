/// NVML as the reader sees it: the driver's library, or a scripted one in tests. All calls may be made from any thread and return when the
/// driver does, which may be never.
protocol NVML: Sendable {
    /// A call that answers with numbers: up to four, in the order of its parameters or of its record's members.
    ///
    /// - Parameter handle: of the card, MIG device, vGPU or event set; of an event set or sample that is made, nothing.
    /// - Parameter arguments: what the call takes besides: a domain, a kind, an index.
    func numbers(_ call: NVMLCall, _ handle: UInt, _ arguments: CallArguments) -> NumbersReply

    /// A call that answers with a text; the number beside it is the kind of the text, where there are kinds.
    func text(_ call: NVMLCall, _ handle: UInt) -> TextReply

    /// `nvmlDeviceGetFieldValues`: each field has a code of its own.
    func fields(_ handle: UInt, _ fields: [FieldRequest]) -> FieldsReply

    /// Processes at work. The newest form is taken that there is, and named.
    func processes(_ call: NVMLCall, _ handle: UInt) -> ProcessesReply

    /// What processes did since a moment (microseconds since 1970); the newest of each process.
    func processUtilization(_ handle: UInt, since: UInt64) -> ProcessUtilizationReply

    func vgpus(_ handle: UInt) -> VGPUsReply

    /// What vGPUs did since a moment; the newest of each.
    func vgpuUtilization(_ handle: UInt, since: UInt64) -> VGPUUtilizationReply

    /// What was active between two samples, in per cent; nil for what was not to be had.
    func gpmMetrics(_ first: UInt, _ second: UInt, _ metrics: [UInt32]) -> GPMReply

    /// Waits for an event so many milliseconds at most.
    func waitForEvent(_ set: UInt, milliseconds: UInt32) -> EventReply
}

struct CallArguments: Hashable, Sendable {
    var first: UInt32 = 0
    var second: UInt32 = 0
    var third: UInt32 = 0
}

struct NumbersReply: Sendable {
    var code: ReturnCode
    var values: SIMD4<Int64> = .zero
}

struct TextReply: Sendable {
    var code: ReturnCode
    var text = ""
    var kind = 0
}

struct FieldRequest: Hashable, Sendable {
    var field: UInt32
    /// A link; all ones for all of them.
    var scope: UInt32 = 0
}

struct FieldsReply: Sendable {
    var code: ReturnCode
    /// One for each request, in the same order.
    var fields: [(code: ReturnCode, value: Double)] = []
}

struct ProcessesReply: Sendable {
    struct Record: Sendable {
        var pid: UInt32
        /// All ones where it is not known.
        var memory: UInt64
        var gpuInstance: UInt32 = .max
        var computeInstance: UInt32 = .max
    }

    var code: ReturnCode
    /// The call that was made.
    var symbol: String
    var records: [Record] = []
}

struct ProcessUtilizationReply: Sendable {
    struct Record: Sendable {
        var pid: UInt32
        /// Microseconds since 1970.
        var time: UInt64
        /// Per cent.
        var sm: UInt32
    }

    var code: ReturnCode
    var records: [Record] = []
}

struct VGPUsReply: Sendable {
    var code: ReturnCode
    var vgpus: [UInt32] = []
}

struct VGPUUtilizationReply: Sendable {
    struct Record: Sendable {
        var vgpu: UInt32
        /// Microseconds since 1970.
        var time: UInt64
        /// Per cent of the physical card.
        var sm: Double
        var memory: Double
        var encoder: Double
        var decoder: Double
    }

    var code: ReturnCode
    var records: [Record] = []
}

struct GPMReply: Sendable {
    var code: ReturnCode
    var values: [Double?] = []
}

struct EventReply: Sendable {
    var code: ReturnCode
    var device: UInt = 0
    var type: UInt64 = 0
    var data: UInt64 = 0
}
