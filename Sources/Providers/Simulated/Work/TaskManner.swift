import Primitives
import ProviderTasks
import RPC

/// The hypervisor runs tasks: they are begun, looked at and cancelled here, and go on when this process does not.
struct TaskManner: Manner {
    let hypervisor: SimulatedHypervisor

    private var pollSeconds: Double { hypervisor.settings.pollSeconds }

    func perform(_ named: NamedOrder, _ operation: OperationContext) async throws(RPCError) {
        try await operation.step(named.name) { () throws(RPCError) in
            guard let id = try await task(named, operation) else { return }
            try await wait(id, operation)
        }
    }

    /// The order's task, begun if it was not; nil when there is nothing left to do.
    private func task(_ named: NamedOrder, _ operation: OperationContext) async throws(RPCError) -> String? {
        let note = "task:" + named.name
        if let noted = operation.note(note) { return noted }
        let (order, mark, since) = (named.order, operation.id + "/" + named.name, operation.operation?.startedAt ?? 0)
        let kind = hypervisor.settings.kind
        // It may have been begun by a process that died before it noted that, or that never heard of it.
        let begun = try await hypervisor.call("find", changes: false) { (world) throws(Failure) in
            if kind == .moref { return try world.task(mark: mark) }
            return try world.task(order.kind, on: order.subject, since: since)
        }
        if let begun {
            try await operation.note(note, begun)
            return begun
        }
        if try await hypervisor.call("look", changes: false, { (world) throws(Failure) in try world.isDone(order) }) { return nil }
        let id = try await hypervisor.call(order.kind) { (world) throws(Failure) in try world.begin(order, mark: mark) }
        try await operation.note(note, id)
        return id
    }

    private func wait(_ id: String, _ operation: OperationContext) async throws(RPCError) {
        while true {
            switch try await hypervisor.call("status", changes: false, { (world) throws(Failure) in try world.task(id) }).state {
            case .succeeded: return
            case .failed(let error): throw RPCError(error.reason.code, error.text)
            case .running(let progress): await operation.report(progress)
            }
            try await operation.sleep(seconds: pollSeconds)
        }
    }

    func takeBack(_ operation: OperationContext) async throws(RPCError) {
        let (mark, uuid) = (operation.id, operation.note("uuid") ?? Identity.uuid(operation.id))
        // A cancelled task takes its time, and one that cannot be cancelled goes on to its end.
        while true {
            let running = try await hypervisor.call("find", changes: false) { (world) throws(Failure) in
                var subjects = [uuid]
                subjects += try world.volumes(mark: mark).map { "\($0.pool)/\($0.name)" }
                var running: [String] = []
                for subject in subjects { running += try world.runningTasks(on: subject) }
                return running
            }
            if running.isEmpty { break }
            for id in running {
                do throws(RPCError) {
                    try await hypervisor.call("cancel") { (world) throws(Failure) in try world.cancel(id) }
                } catch  where error.code == .failedPrecondition {}
            }
            try await operation.sleep(seconds: pollSeconds)
        }
        try await hypervisor.call("clean") { (world) throws(Failure) in
            try world.destroyAll(mark: mark)
            // What a task of this operation that failed has left locked.
            if let machine = try world.machine(uuid: uuid), !machine.lock.isEmpty { try world.setLock(machine.row, "") }
        }
    }
}
