import LibvirtAPI
package import Primitives
package import ProviderRPC
package import ProviderTasks
import Protobuf
package import RPC

/// The provider for libvirt: one hypervisor, whose machines are known by their UUIDs.
///
/// What takes longer than a moment is an operation of `tasks`: it is in the journal before anything is done, and goes on after a restart.
package final class LibvirtProvider: Provider {
    let hypervisor: Hypervisor
    let images: ImageStore
    let addresses: AddressFinder
    /// All operations, those that are over too.
    package let tasks: TaskEngine

    /// Goes on with what the journal has unfinished. The hypervisor need not be reachable.
    ///
    /// - Throws: `unavailable` or `environment` when libvirt's library is not there or cannot be loaded; what the journal cannot be read for.
    package init(
        _ settings: LibvirtProviderSettings, journal: TaskJournal, limits: TaskEngine.Limits = TaskEngine.Limits(),
        clock: WallClock = .system,
        logger: Logger = .silent, observer: TaskEngine.Observer? = nil
    ) async throws(Failure) {
        let hypervisor = try Hypervisor(settings)
        var images = ImageStore(hypervisor: hypervisor, locks: ImageLocks())
        self.hypervisor = hypervisor
        addresses = AddressFinder(hypervisor)
        let tasks = try await TaskEngine(
            journal, kinds: Self.kinds(hypervisor, images, clock), limits: limits, clock: clock, logger: logger, observer: observer)
        self.tasks = tasks
        images.unfinished = { tasks.liveOperations }
        self.images = images
    }

    /// Takes nothing more, and leaves what is not done for the next start.
    package func shutdown(by deadline: Deadline) async { await tasks.shutdown(by: deadline) }

    private static func kinds(_ hypervisor: Hypervisor, _ images: ImageStore, _ clock: WallClock) -> [OperationKind] {
        // A copy that a life before this one began goes on in the daemon, and holds its volume as long.
        let copying = 900.0
        return [
            OperationKind(
                ProviderMethod.create.rawValue, deadlineSeconds: 6 * 3600, retrySeconds: copying,
                work: CreateWork(hypervisor: hypervisor, images: images)),
            OperationKind(
                ProviderMethod.delete.rawValue, retrySeconds: copying, canCancel: false, work: DeleteWork(hypervisor: hypervisor)),
            OperationKind(
                ProviderMethod.power.rawValue, deadlineSeconds: Double(2 * PowerWork.mostGracefulSeconds),
                work: PowerWork(hypervisor: hypervisor, clock: clock)),
            OperationKind(ProviderMethod.reconfigure.rawValue, canCancel: false, work: ReconfigureWork(hypervisor: hypervisor)),
            OperationKind(
                ProviderMethod.snapshotCreate.rawValue, deadlineSeconds: 2 * 3600, canCancel: false,
                work: SnapshotCreateWork(hypervisor: hypervisor)),
            OperationKind(
                ProviderMethod.snapshotDelete.rawValue, deadlineSeconds: 2 * 3600, canCancel: false,
                work: SnapshotDeleteWork(hypervisor: hypervisor)),
            OperationKind(
                ProviderMethod.snapshotRevert.rawValue, deadlineSeconds: 2 * 3600, canCancel: false,
                work: SnapshotRevertWork(hypervisor: hypervisor)),
            OperationKind(
                ProviderMethod.clone.rawValue, deadlineSeconds: 12 * 3600, retrySeconds: copying, work: CloneWork(hypervisor: hypervisor)),
            OperationKind(
                ProviderMethod.imagePrepare.rawValue, deadlineSeconds: 12 * 3600, retrySeconds: copying,
                work: ImagePrepareWork(hypervisor: hypervisor, images: images)),
            OperationKind(
                ProviderMethod.exportDisk.rawValue, deadlineSeconds: 12 * 3600, retrySeconds: copying,
                work: ExportDiskWork(hypervisor: hypervisor)),
            OperationKind(
                ProviderMethod.importDisk.rawValue, deadlineSeconds: 12 * 3600, retrySeconds: copying,
                work: ImportDiskWork(images: images, settings: hypervisor.settings)),
        ].map(\.accounted)
    }

    // MARK: what all that begin an operation share

    /// Accepts a request that is known again by its key, or else by its owner.
    func accept(
        _ method: ProviderMethod, _ request: some ProtobufMessage, _ call: RPCCall, owner: String? = nil,
        holds: (Operation) async throws(RPCError) -> Bool = { _ in true },
        prepare: (_ id: String) async throws(RPCError) -> OperationDraft
    ) async throws(RPCError) -> Operation {
        let token = try OperationToken(call, owner: owner)
        return try await tasks.accept(method, request: request.protobuf, from: call, token: token, holds: holds, prepare: prepare)
    }

    /// A machine, or one that is being made: what is asked of that waits until it is.
    struct Known: Sendable {
        let uuid: String
        /// nil for one that is being made.
        let machine: Hypervisor.Machine?
    }

    /// Errors: `notFound`, `invalidArgument` for an empty identifier.
    func known(_ id: String, field: String = "id") async throws(RPCError) -> Known {
        do throws(RPCError) {
            let machine = try await hypervisor.machine(id, field: field)
            return Known(uuid: machine.uuid, machine: machine)
        } catch {
            let makers = [ProviderMethod.create.rawValue, ProviderMethod.clone.rawValue]
            let isBeingMade = tasks.operations.contains { $0.resultID == id && !$0.state.isEnd && makers.contains($0.kind) }
            guard error.code == .notFound, isBeingMade else { throw error }
            return Known(uuid: id, machine: nil)
        }
    }

    package func taskStatus(_ request: TaskStatusRequest, _ call: RPCCall) async throws(RPCError) -> TaskStatusResponse {
        try tasks.status(request, call)
    }

    package func hardwareUpgrade(_ request: HardwareUpgradeRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        throw RPCError(
            .unimplemented, "machines of libvirt have no hardware version; a machine type is changed by defining the machine anew")
    }
}
