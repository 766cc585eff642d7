import Primitives
import ProviderRPC
import RPC
import Synchronization

/// One check on one bed, and what was found.
final class Trial: Sendable {
    let bed: any ProviderBed
    let limits: ProviderConformance.Limits
    private let found = Mutex<[String]>([])

    init(bed: any ProviderBed, limits: ProviderConformance.Limits) {
        self.bed = bed
        self.limits = limits
    }

    var notes: [String] { found.withLock { $0 } }

    func note(_ text: String) { found.withLock { $0.append(text) } }

    func expect(_ isSo: Bool, _ text: String) { if !isSo { note(text) } }

    func run(_ check: Check) async throws {
        switch check {
        case .lifeCycle: try await lifeCycle()
        case .runningDelete: try await runningDelete()
        case .snapshots: try await snapshots()
        case .clones: try await clones()
        case .images: try await images()
        case .tokens: try await tokens()
        case .kill: try await interruption(isKill: true)
        case .restart: try await interruption(isKill: false)
        case .taskStatus: try await taskStatus()
        case .taskList: try await taskList()
        case .codes: try await codes()
        case .failures: try await failures()
        case .hypervisorErrors: try await hypervisorErrors()
        case .cancel: try await cancel()
        case .names: try await names()
        case .concurrency: try await concurrency()
        case .lostAnswers: try await lostAnswers()
        case .promptness: try await promptness()
        }
    }

    // MARK: talking to the provider

    var provider: ProviderClient { get async throws { ProviderClient(try await bed.transport) } }
    var tasks: ProviderTaskClient { get async throws { ProviderTaskClient(try await bed.transport) } }

    func options(_ key: String? = nil) -> RPCOptions {
        RPCOptions(key: key.flatMap { IdempotencyKey($0) }, deadline: .after(seconds: 60))
    }

    /// The code that a call ends with; `ok` when it does not fail.
    func code(_ body: () async throws -> Void) async throws -> RPCCode {
        do {
            try await body()
            return .ok
        } catch let error as RPCError {
            expect(!error.message.isEmpty, "an error has no message")
            return error.code
        }
    }

    func expectCode(_ code: RPCCode, _ what: String, _ body: () async throws -> Void) async throws {
        let got = try await self.code(body)
        expect(got == code, "\(what) ends with \(got.name), must end with \(code.name)")
    }

    /// The task at its end; nil when it does not come to one in time. Without a task it was over before the answer.
    func end(_ task: TaskRef?) async throws -> ProviderTask? {
        guard let task else { return ProviderTask(state: .succeeded, progress: 1) }
        let deadline = Deadline.after(seconds: limits.taskSeconds)
        while true {
            let now = try await tasks.get(GetTaskRequest(id: task.id), options())
            if [.succeeded, .failed, .cancelled].contains(now.state) { return now }
            if deadline.hasPassed {
                note("task \(task.id) (\(now.kind)) is not over after \(Int(limits.taskSeconds)) s, at step \"\(now.step)\"")
                return nil
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Waits for a task that must succeed; false when it did not.
    @discardableResult
    func succeed(_ what: String, _ task: TaskRef?) async throws -> Bool {
        guard let end = try await end(task) else { return false }
        expect(
            end.state == .succeeded, "\(what) ends \(end.state) with \(RPCCode(rawValue: end.code)?.name ?? "\(end.code)"): \(end.error)")
        return end.state == .succeeded
    }

    /// A machine that is there; nil when it could not be made, which is noted.
    func made(_ name: String, key: String? = nil) async throws -> String? {
        let answer = try await provider.create(bed.machine(name), options(key))
        expect(!answer.id.isEmpty, "Create gives no id")
        return try await succeed("Create of \(name)", answer.task) ? answer.id : nil
    }

    func powerState(_ id: String) async throws -> String {
        let described = try await provider.describe(DescribeRequest(id: id), options())
        return described.exists ? described.powerState : "none"
    }

    func listed(_ name: String) async throws -> [VMInfo] {
        try await provider.listVMs(ListVMsRequest(), options()).vms.filter { $0.name == name }
    }

    /// Nothing but what was there before.
    func expectNothing(beside before: HypervisorView, _ when: String) async throws {
        let now = try await bed.view()
        let machines = now.machines.filter { machine in !before.machines.contains { $0.id == machine.id } }
        expect(machines.isEmpty, "\(when) the machine \(machines.first?.name ?? "") is there")
        let disks = Set(now.disks).subtracting(before.disks)
        expect(disks.isEmpty, "\(when) the disk \(disks.sorted().first ?? "") is there")
        expectWhole(now, when)
    }

    func expectWhole(_ view: HypervisorView, _ when: String) {
        expect(view.halfMade.isEmpty, "\(when) there is half made: \(view.halfMade.joined(separator: ", "))")
    }
}
