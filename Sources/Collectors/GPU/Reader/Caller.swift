import Primitives

/// Makes the calls of one thread: counts them, remembers what a card does not have, and judges what they return.
final class Caller {
    /// What the codes of a pass mean for the card as a whole.
    struct Verdict {
        var condition = CardCondition.ok
        /// The library must be loaded anew, and why.
        var stale: (code: ReturnCode, call: String)?

        /// Nothing more is to be asked in this pass.
        var isFinal: Bool { condition != .ok || stale != nil }
    }

    /// What a call that found nothing is remembered by.
    private struct Question: Hashable {
        let call: NVMLCall
        let handle: UInt
        let arguments: CallArguments
    }

    /// How long what a card does not have is not asked for, and what it does not have at the moment.
    static let memorySeconds = 3600.0
    static let shortMemorySeconds = 600.0

    let nvml: any NVML
    private let ledger: CallLedger
    private let caller: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    /// Whose calls these are; nil for the library's.
    var uuid: String?
    private(set) var verdict = Verdict()
    /// Of the call that was made last.
    private(set) var lastCode = ReturnCode.success
    private var absent: [Question: ContinuousClock.Instant] = [:]
    private var absentFields: [FieldRequest: ContinuousClock.Instant] = [:]

    init(_ nvml: any NVML, ledger: CallLedger, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.nvml = nvml
        self.ledger = ledger
        self.now = now
        caller = ledger.newCaller()
    }

    func beginPass() { verdict = Verdict() }

    /// What was said of one card does not keep us from asking for what is of none.
    func endLoss() { verdict.condition = .ok }

    // MARK: questions

    /// What the call says; nil when it says nothing, for whatever reason.
    func numbers(_ call: NVMLCall, _ handle: UInt = 0, _ arguments: CallArguments = CallArguments()) -> SIMD4<Int64>? {
        guard !verdict.isFinal, !isAbsent(call, handle, arguments) else { return nil }
        let reply = counted(call.rawValue, \.code) { nvml.numbers(call, handle, arguments) }
        return judge(call, handle, arguments, reply.code) ? reply.values : nil
    }

    /// The first number.
    func number(_ call: NVMLCall, _ handle: UInt = 0, _ arguments: CallArguments = CallArguments()) -> Double? {
        numbers(call, handle, arguments).map { Double($0.x) }
    }

    /// A handle.
    func handle(_ call: NVMLCall, _ handle: UInt = 0, _ arguments: CallArguments = CallArguments()) -> UInt? {
        numbers(call, handle, arguments).map { UInt(truncatingIfNeeded: $0.x) }
    }

    /// The same with the code, of a call whose codes mean something of their own; nothing is remembered, and only what concerns the whole
    /// card is judged.
    func plainNumbers(_ call: NVMLCall, _ handle: UInt = 0, _ arguments: CallArguments = CallArguments()) -> NumbersReply {
        guard !verdict.isFinal else { return NumbersReply(code: .unknown) }
        let reply = counted(call.rawValue, \.code) { nvml.numbers(call, handle, arguments) }
        note(reply.code, call.rawValue)
        return reply
    }

    func text(_ call: NVMLCall, _ handle: UInt = 0) -> TextReply? {
        guard !verdict.isFinal, !isAbsent(call, handle, CallArguments()) else { return nil }
        let reply = counted(call.rawValue, \.code) { nvml.text(call, handle) }
        return judge(call, handle, CallArguments(), reply.code) ? reply : nil
    }

    /// Fields that the card has, with one call.
    func fields(_ handle: UInt, _ requests: [FieldRequest]) -> [FieldRequest: Double] {
        let moment = now()
        let wanted = requests.filter { absentFields[$0].map { $0 <= moment } ?? true }
        guard !wanted.isEmpty, !verdict.isFinal, !isAbsent(.fieldValues, handle, CallArguments()) else { return [:] }
        let reply = counted(NVMLCall.fieldValues.rawValue, \.code) { nvml.fields(handle, wanted) }
        guard judge(.fieldValues, handle, CallArguments(), reply.code) else { return [:] }
        var values: [FieldRequest: Double] = [:]
        for (request, field) in zip(wanted, reply.fields) {
            switch field.code.meaning {
            case .value: values[request] = field.value
            case .absent: absentFields[request] = moment.advanced(by: .seconds(Self.seconds(field.code)))
            // An invalid argument is a field that the driver does not know yet.
            default:
                if field.code == .invalidArgument {
                    absentFields[request] = moment.advanced(by: .seconds(Self.memorySeconds))
                } else {
                    note(field.code, NVMLCall.fieldValues.rawValue)
                }
            }
        }
        return values
    }

    func processes(_ call: NVMLCall, _ handle: UInt) -> [ProcessesReply.Record]? {
        guard !verdict.isFinal, !isAbsent(call, handle, CallArguments()) else { return nil }
        ledger.begin(call.rawValue, caller: caller, uuid: uuid)
        let reply = nvml.processes(call, handle)
        ledger.end(reply.symbol, reply.code, caller: caller)
        return judge(call, handle, CallArguments(), reply.code) ? reply.records : nil
    }

    /// Empty when nobody has done anything; nil when it is not to be had.
    func processUtilization(_ handle: UInt, since: UInt64) -> [ProcessUtilizationReply.Record]? {
        guard !verdict.isFinal, !isAbsent(.processUtilization, handle, CallArguments()) else { return nil }
        let reply = counted(NVMLCall.processUtilization.rawValue, \.code) { nvml.processUtilization(handle, since: since) }
        if reply.code == .notFound { return [] }
        return judge(.processUtilization, handle, CallArguments(), reply.code) ? reply.records : nil
    }

    func vgpus(_ handle: UInt) -> [UInt32]? {
        guard !verdict.isFinal, !isAbsent(.vgpus, handle, CallArguments()) else { return nil }
        let reply = counted(NVMLCall.vgpus.rawValue, \.code) { nvml.vgpus(handle) }
        return judge(.vgpus, handle, CallArguments(), reply.code) ? reply.vgpus : nil
    }

    /// Empty when there is nothing new; nil when it is not to be had.
    func vgpuUtilization(_ handle: UInt, since: UInt64) -> [VGPUUtilizationReply.Record]? {
        guard !verdict.isFinal, !isAbsent(.vgpuUtilization, handle, CallArguments()) else { return nil }
        let reply = counted(NVMLCall.vgpuUtilization.rawValue, \.code) { nvml.vgpuUtilization(handle, since: since) }
        if reply.code == .notFound { return [] }
        return judge(.vgpuUtilization, handle, CallArguments(), reply.code) ? reply.records : nil
    }

    func gpmMetrics(_ first: UInt, _ second: UInt, _ metrics: [UInt32]) -> [Double?] {
        guard !verdict.isFinal else { return [] }
        let reply = counted(NVMLCall.gpmMetrics.rawValue, \.code) { nvml.gpmMetrics(first, second, metrics) }
        note(reply.code, NVMLCall.gpmMetrics.rawValue)
        return reply.code == .success ? reply.values : []
    }

    func waitForEvent(_ set: UInt, milliseconds: UInt32) -> EventReply {
        let reply = counted(NVMLCall.eventWait.rawValue, \.code) { nvml.waitForEvent(set, milliseconds: milliseconds) }
        note(reply.code, NVMLCall.eventWait.rawValue)
        return reply
    }

    /// What was learnt of a handle that is there no more.
    func forget(_ handle: UInt) { absent = absent.filter { $0.key.handle != handle } }

    /// What was learnt of a card that has become another: what it lacked then it may have now.
    func forgetAll() {
        absent = [:]
        absentFields = [:]
    }

    // MARK: codes

    private func counted<Reply>(_ symbol: String, _ code: KeyPath<Reply, ReturnCode>, _ call: () -> Reply) -> Reply {
        ledger.begin(symbol, caller: caller, uuid: uuid)
        let reply = call()
        ledger.end(symbol, reply[keyPath: code], caller: caller)
        return reply
    }

    /// Whether the card is known not to have this: then, and only then, another call may stand in for it.
    func isAbsent(_ call: NVMLCall, _ handle: UInt, _ arguments: CallArguments = CallArguments()) -> Bool {
        let question = Question(call: call, handle: handle, arguments: arguments)
        guard let until = absent[question] else { return false }
        guard until <= now() else { return true }
        absent[question] = nil
        return false
    }

    /// The same of a field.
    func lacks(_ field: FieldRequest, _ handle: UInt) -> Bool {
        isAbsent(.fieldValues, handle) || absentFields[field].map { $0 > now() } ?? false
    }

    private static func seconds(_ code: ReturnCode) -> Double {
        [.notFound, .noData].contains(code) ? shortMemorySeconds : memorySeconds
    }

    private func judge(_ call: NVMLCall, _ handle: UInt, _ arguments: CallArguments, _ code: ReturnCode) -> Bool {
        if code.meaning == .absent, absent.count < 10_000 {
            absent[Question(call: call, handle: handle, arguments: arguments)] = now().advanced(by: .seconds(Self.seconds(code)))
        }
        note(code, call.rawValue)
        return code == .success
    }

    private func note(_ code: ReturnCode, _ call: String) {
        lastCode = code
        switch code.meaning {
        case .lost: verdict.condition = .lost
        case .resetRequired: verdict.condition = .resetRequired
        case .stale: verdict.stale = (code, call)
        default: break
        }
    }
}
