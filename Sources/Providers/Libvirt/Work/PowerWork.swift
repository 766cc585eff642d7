import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// Switches a machine, and says what came of it.
struct PowerWork: OperationWork {
    enum Action: String, Sendable, CaseIterable {
        case on, off, reboot
        case shutDown = "shutdown"

        /// Errors: `invalidArgument`.
        init(_ op: PowerOp) throws(RPCError) {
            switch op {
            case .on: self = .on
            case .off: self = .off
            case .reboot: self = .reboot
            case .shutdownGraceful: self = .shutDown
            default: throw RPCError(.invalidArgument, "op: is none of ON, OFF, REBOOT and SHUTDOWN_GRACEFUL")
            }
        }

        /// Whether the guest does it, when it likes.
        var isGuests: Bool { self == .reboot || self == .shutDown }

        /// Errors: `failedPrecondition`, for what a machine in this state cannot.
        func check(_ machine: Hypervisor.Machine) throws(RPCError) {
            switch self {
            case .on, .off: return
            case .reboot where !machine.isActive:
                throw RPCError(.failedPrecondition, "machine \(machine.name) is off, and cannot start over; switch it on")
            case .reboot where machine.state.state == .paused, .shutDown where machine.state.state == .paused:
                throw RPCError(
                    .failedPrecondition,
                    "machine \(machine.name) is paused (\(machine.state.reason)) and hears nothing; switch it on first, or off at once")
            default: return
            }
        }
    }

    let hypervisor: Hypervisor
    let clock: WallClock

    /// A guest that has not ended by then will not, and what waits for it keeps others from it.
    static let mostGracefulSeconds = 3600

    private static let deadlineNote = "until"
    /// A guest that has just begun to start hears no button yet.
    private static let askingSeconds = 10.0

    func run(_ operation: OperationContext) async throws(RPCError) {
        let request = try operation.read(PowerRequest.self)
        let uuid = operation.target
        switch try Action(request.op) {
        case .on: try await Self.switchOn(uuid, hypervisor)
        case .off: try await switchOff(uuid)
        case .reboot: try await reboot(uuid, request, operation)
        case .shutDown: try await shutDown(uuid, request, operation)
        }
    }

    static func switchOn(_ uuid: String, _ hypervisor: Hypervisor) async throws(RPCError) {
        try await hypervisor.act("start machine \(uuid)") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            do throws(LibvirtError) {
                switch try domain.state().state {
                case .running, .blocked: return
                case .paused: try domain.resume()
                // On its way off; it can be started when it is.
                case .shutdown: throw LibvirtError(.invalidState, "the machine is about to end; start it when it is off")
                default: try domain.start()
                }
            } catch  where error.kind == .invalidState {
                // Somebody else has begun it, who may be a life before this one: a machine that starts is paused for a moment.
                guard try domain.state().state == .running else { throw error }
            }
        }
    }

    private func switchOff(_ uuid: String) async throws(RPCError) {
        try await hypervisor.act("switch machine \(uuid) off", seconds: 120) { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            guard try domain.isActive() else { return }
            do throws(LibvirtError) {
                // QEMU may write out what it holds.
                try domain.destroy(gracefully: true)
            } catch {
                guard error.kind != .noDomain, try domain.isActive() else { return }
                // It does not end when it is told to: it hangs.
                try domain.destroy(gracefully: false)
            }
        }
    }

    /// - Parameter run: that was asked before; nil for none.
    /// - Returns: which run of the machine was asked: each start gives another number. nil when it is off.
    /// Errors: `aborted` when another run is there than was asked before: what it was asked for is not asked of this one.
    private func ask(_ uuid: String, _ run: Int?, toStartOver: Bool) async throws(RPCError) -> Int? {
        let now: Int? = try await hypervisor.act("ask machine \(uuid) to \(toStartOver ? "start over" : "end")") {
            connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            guard try domain.isActive() else { return nil }
            let now = domain.number ?? run ?? 0
            guard run == nil || run == now else { return now }
            do throws(LibvirtError) {
                if toStartOver { try domain.reboot() } else { try domain.shutDown() }
            } catch {
                guard error.kind == .invalidState, try !domain.isActive() else { throw error }
                return nil
            }
            return now
        }
        guard let run, let now, now != run else { return now }
        throw RPCError(
            .aborted,
            "machine \(uuid) was switched off and on by somebody else, while its guest was asked to \(toStartOver ? "start over" : "end")")
    }

    /// Waits until the guest has started over. It is never reset: that is OFF and ON.
    private func reboot(_ uuid: String, _ request: PowerRequest, _ operation: OperationContext) async throws(RPCError) {
        guard operation.note("asked") == nil else {
            throw RPCError(
                .aborted,
                "machine \(uuid) was asked to start over, and the provider ended before it heard whether it did; ask again if it did not")
        }
        let seconds = seconds(request)
        operation.show("waits for the guest to start over")
        try await hypervisor.reboots.watch(uuid) { hasStartedOver throws(RPCError) in
            let until = clock.unixSeconds + seconds
            var (askAgain, run): (Double, Int?) = (0, nil)
            repeat {
                if clock.unixSeconds >= askAgain {
                    run = try await ask(uuid, run, toStartOver: true)
                    guard run != nil else {
                        throw RPCError(.failedPrecondition, "machine \(uuid) is off, and cannot start over; switch it on")
                    }
                    if askAgain == 0 { try await operation.note("asked", "") }
                    askAgain = clock.unixSeconds + Self.askingSeconds
                }
                guard clock.unixSeconds < until else {
                    throw RPCError(
                        .deadlineExceeded,
                        "machine \(uuid) was asked to start over, and has not after \(Int(seconds)) s; it was not reset: that would be OFF and ON"
                    )
                }
                try await operation.sleep(seconds: 0.5)
            } while !hasStartedOver()
        }
    }

    private func seconds(_ request: PowerRequest) -> Double {
        let said = request.gracefulTimeoutSeconds > 0 ? Double(request.gracefulTimeoutSeconds) : hypervisor.settings.gracefulSeconds
        return min(said, Double(Self.mostGracefulSeconds))
    }

    /// Waits until the guest has ended. It is never switched off: that is another request.
    private func shutDown(_ uuid: String, _ request: PowerRequest, _ operation: OperationContext) async throws(RPCError) {
        let seconds = seconds(request)
        if operation.note(Self.deadlineNote) == nil { try await operation.note(Self.deadlineNote, String(clock.unixSeconds + seconds)) }
        let until = operation.note(Self.deadlineNote).flatMap { Double($0) } ?? clock.unixSeconds + seconds
        operation.show("waits for the guest to end")
        var (askAgain, run): (Double, Int?) = (0, nil)
        while true {
            if clock.unixSeconds >= askAgain {
                run = try await ask(uuid, run, toStartOver: false)
                guard run != nil else { return }
                askAgain = clock.unixSeconds + Self.askingSeconds
            }
            let isActive = try await hypervisor.look("look at machine \(uuid)") { connection throws(LibvirtError) in
                try Hypervisor.domainIfThere(connection, uuid)?.isActive() ?? false
            }
            guard isActive else { return }
            guard clock.unixSeconds < until else {
                throw RPCError(
                    .deadlineExceeded,
                    "machine \(uuid) was asked to end, and runs on after \(Int(seconds)) s; it was not switched off: that would be op OFF")
            }
            try await operation.sleep(seconds: 0.5)
        }
    }
}
