import LibvirtAPI
import Protobuf
import ProviderRPC
import ProviderTasks
import RPC
import Testing

@testable import LibvirtProvider

/// Snapshots, by operations that are begun more than once.
extension TestDriverTests {
    @Suite struct SnapshotTests {
        private func snapshot(_ world: TestDriverWorld, _ id: String, _ name: String) async throws {
            let made = try await world.provider.snapshotCreate(
                SnapshotCreateRequest(vmID: id, nameHint: name, description: "a & b"), LibvirtProvider.call)
            try await world.provider.finish(made.task, seconds: 20)
        }

        private func revert(
            _ world: TestDriverWorld, _ id: String,
            _ run: @escaping @Sendable (OperationContext, SnapshotRevertWork) async throws(RPCError) -> Void
        ) async throws -> Operation {
            let work = SnapshotRevertWork(hypervisor: world.provider.hypervisor)
            let request = SnapshotRevertRequest(vmID: id, snapshotID: "a")
            return try await world.run(
                .snapshotRevert, request.protobuf, draft: OperationDraft(target: id),
                work: MadeUpWork { operation throws(RPCError) in
                    try await run(operation, work)
                } undo: { operation throws(RPCError) in
                    try await work.undo(operation)
                })
        }

        @Test func `what was reverted before the process ended is not reverted again`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            try await snapshot(world, id, "a")
            let hypervisor = world.provider.hypervisor
            let end = try await revert(world, id) { operation, work throws(RPCError) in
                try await work.run(operation)
                // The life that did it has not come to write it down, and somebody has started the machine since.
                try await operation.note("done:revert", nil)
                try await PowerWork.switchOn(id, hypervisor)
                try await work.run(operation)
            }
            #expect(end.state == .succeeded, "\(end.message)")
            #expect(try world.connection.domain(uuid: id).isActive())
            await world.close()
        }

        /// Also to the snapshot that the machine stands upon already.
        @Test func `what was about to be reverted is`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            try await snapshot(world, id, "a")
            try await world.power(id, .on)
            let hypervisor = world.provider.hypervisor
            let end = try await revert(world, id) { operation, work throws(RPCError) in
                // As far as a life before this one came.
                let name = operation.id
                try await hypervisor.act("mark it") { connection throws(LibvirtError) in
                    try RevertMark.write(name, connection.domain(uuid: id))
                }
                try await operation.note("reverting", "a")
                try await work.run(operation)
            }
            #expect(end.state == .succeeded, "\(end.message)")
            let domain = try world.connection.domain(uuid: id)
            #expect(try !domain.isActive())
            #expect(try RevertMark.isGone(end.id, domain))
            await world.close()
        }

        @Test func `a revert that fails leaves no trace in the machine`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            let end = try await revert(world, id) { operation, work throws(RPCError) in try await work.run(operation) }
            #expect(end.state == .failed && end.code == .notFound, "\(end.message)")
            #expect(try RevertMark.isGone(end.id, world.connection.domain(uuid: id)))
            await world.close()
        }

        @Test func `a stranger's snapshot of the same name is neither taken nor removed`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            _ = try world.connection.domain(uuid: id).createSnapshot(
                "<domainsnapshot><name>a</name><description>martlet operation op-0</description></domainsnapshot>")
            let work = SnapshotCreateWork(hypervisor: world.provider.hypervisor)
            let request = SnapshotCreateRequest(vmID: id, nameHint: "a").protobuf
            let end = try await world.run(.snapshotCreate, request, draft: OperationDraft(target: id, resultID: "a"), work: work)
            #expect(end.state == .failed && end.code == .alreadyExists, "\(end.message)")
            #expect(try world.connection.domain(uuid: id).snapshots().map(\.name) == ["a"])
            await world.close()
        }

        @Test func `a snapshot that a life before this one made is taken, and taken back`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let work = SnapshotCreateWork(hypervisor: world.provider.hypervisor)
            let request = SnapshotCreateRequest(vmID: id, nameHint: "a", description: "one\ntwo").protobuf
            let draft = OperationDraft(target: id, resultID: "a")
            let end = try await world.run(
                .snapshotCreate, request, draft: draft,
                work: MadeUpWork { operation throws(RPCError) in
                    try await work.run(operation)
                    try await work.run(operation)
                    throw RPCError(.internal, "it broke")
                } undo: { operation throws(RPCError) in
                    try await work.undo(operation)
                })
            #expect(end.message == "it broke")
            #expect(try world.connection.domain(uuid: id).snapshots().isEmpty)
            await world.close()
        }
    }
}
