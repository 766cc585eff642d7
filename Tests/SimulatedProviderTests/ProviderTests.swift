import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import SimulatedProvider

@Suite struct ProviderTests {
    private func ended(_ bed: SimulatedBed, _ task: TaskRef?) async throws -> ProviderTasks.Operation {
        let id = try #require(task?.id)
        return try #require(await bed.provider.engine.end(of: id, by: .after(seconds: 30)))
    }

    private func made(_ bed: SimulatedBed, _ request: CreateRequest) async throws -> String {
        let answer = try await bed.provider.create(request, call)
        #expect(try await ended(bed, answer.task).state == .succeeded)
        return answer.id
    }

    private let call = RPCCall(path: "/test")

    @Test func `a number that somebody took meanwhile ends in an error that says so, and is not touched`() async throws {
        let bed = try await SimulatedBed(.upid)
        var limits = TaskEngine.Limits()
        limits.running = 0
        await bed.close()
        let waiting = try await SimulatedProvider(bed.settings, limits: limits)
        let answer = try await waiting.create(bed.machine("web"), call)
        #expect(answer.id == "100")
        let other = MachinePlan(
            uuid: "u", number: 100, name: "theirs", cpu: 1, memoryMiB: 1, pool: "default", owner: "", tags: [], cards: [], disks: [],
            hasSeed: false,
            mark: "")
        try await waiting.hypervisor.call("theirs") { (world) throws(Failure) in _ = try world.define(other, lock: "", isComplete: true) }
        await waiting.shutdown(by: .after(seconds: 5))
        try await bed.start()
        let end = try await ended(bed, answer.task)
        #expect(end.state == .failed && end.code == .aborted && end.message.contains("send the request again"))
        let inventory = try await bed.provider.hypervisor.inventory()
        #expect(inventory.machines.map(\.name) == ["theirs"] && inventory.volumes.isEmpty)
        // The next has another.
        #expect(try await made(bed, bed.machine("web")) == "101")
        await bed.close()
    }

    @Test func `an owner's machine is known by its owner when the journal is lost`() async throws {
        let bed = try await SimulatedBed(.moref)
        var request = bed.machine("web")
        request.owner = ObjectIdentity(uid: "uid-1")
        let id = try await made(bed, request)
        await bed.close()
        for suffix in ["", "-wal", "-shm"] { Files.remove(bed.settings.journalFile + suffix) }
        try await bed.start()
        let again = try await bed.provider.create(request, call)
        #expect(again.id == id && again.task == nil)
        request.owner = ObjectIdentity(uid: "uid-2")
        do throws(RPCError) {
            _ = try await bed.provider.create(request, call)
            Issue.record("it was given to somebody else")
        } catch {
            #expect(error.code == .alreadyExists)
        }
        await bed.close()
    }

    @Test func `an owner's request may differ, and its machine's name may not`() async throws {
        let bed = try await SimulatedBed(.local)
        var request = bed.machine("web")
        request.owner = ObjectIdentity(uid: "uid-1")
        let first = try await bed.provider.create(request, call)
        request.classJSON = VMClass(cpu: 4, memoryMiB: 1024).json
        #expect(try await bed.provider.create(request, call) == first)
        request.name = "other"
        do throws(RPCError) {
            _ = try await bed.provider.create(request, call)
            Issue.record("another name was taken for it")
        } catch {
            #expect(error.code == .invalidArgument)
        }
        await bed.close()
    }

    @Test func `a hypervisor's own task is noted in the operation`() async throws {
        for (kind, prefix) in [(SimulatedSettings.Kind.upid, "UPID:sim:"), (.moref, "task-")] {
            let bed = try await SimulatedBed(kind)
            let answer = try await bed.provider.create(bed.machine("web"), call)
            let notes = try await ended(bed, answer.task).notes
            #expect(notes["task:make"]?.hasPrefix(prefix) == true && notes["task:start"]?.hasPrefix(prefix) == true)
            await bed.close()
        }
    }

    @Test func `a disk goes out and comes in with what it holds, and goes nowhere else`() async throws {
        let bed = try await SimulatedBed(.local)
        let provider = try bed.provider
        let id = try await made(bed, bed.machine("web"))
        let info = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: id), call)
        #expect(info.diskID == "root" && info.isBootable && info.virtualSizeBytes == 10 << 30)
        let out = try await provider.exportDisk(ExportDiskRequest(vmID: id, destinationURL: "file:web.img"), call)
        #expect(out.checksum == info.metadata["sha256"])
        #expect(try await ended(bed, out.task).state == .succeeded)
        let names = try #require(Files.names(in: bed.settings.exchangeFolder))
        #expect(names == ["web.img"])
        var request = ImportDiskRequest(
            sourceURL: "file:web.img", targetName: "moved", verifyChecksum: true, expectedChecksum: out.checksum)
        let back = try await provider.importDisk(request, call)
        #expect(try await ended(bed, back.task).state == .succeeded)
        var machine = bed.machine("moved")
        machine.imageJSON = VMImage(path: back.path).json
        let moved = try await provider.create(machine, call)
        #expect(try await ended(bed, moved.task).state == .succeeded)
        request.targetName = "wrong"
        request.expectedChecksum = String(repeating: "0", count: 64)
        #expect(try await ended(bed, try await provider.importDisk(request, call).task).code == .failedPrecondition)
        for url in ["file:///etc/passwd", "file:../a", "http://a/b", ""] {
            do throws(RPCError) {
                _ = try await provider.exportDisk(ExportDiskRequest(vmID: id, destinationURL: url), call)
                Issue.record("\(url) was taken")
            } catch {
                #expect(error.code == .invalidArgument)
            }
        }
        await bed.close()
    }

    @Test(arguments: SimulatedSettings.Kind.allCases)
    func `a guest that does not hear is told, and stays on`(kind: SimulatedSettings.Kind) async throws {
        let bed = try await SimulatedBed(kind)
        let id = try await made(bed, bed.machine("web"))
        var faults = Faults()
        faults.deafGuests = true
        try faults.write(to: bed.settings.faultsFile)
        let answer = try await bed.provider.power(PowerRequest(id: id, op: .shutdownGraceful, gracefulTimeoutSeconds: 1), call)
        let end = try await ended(bed, answer.task)
        #expect(end.code == .failedPrecondition && end.message.contains("switch the machine off"))
        #expect(try await bed.provider.describe(DescribeRequest(id: id), call).powerState == "On")
        #expect(try await bed.provider.hypervisor.inventory().machines.first?.lock == "")
        await bed.close()
    }

    @Test(arguments: SimulatedSettings.Kind.allCases)
    func `hardware is made newer where there is such a thing`(kind: SimulatedSettings.Kind) async throws {
        let bed = try await SimulatedBed(kind)
        let provider = try bed.provider
        let id = try await made(bed, bed.machine("web"))
        func upgrade() async throws(RPCError) -> TaskResponse {
            try await provider.hardwareUpgrade(HardwareUpgradeRequest(id: id, targetVersion: 21), call)
        }
        do throws(RPCError) {
            _ = try await upgrade()
            Issue.record("it was done while the machine runs")
        } catch {
            #expect(error.code == (kind == .moref ? .failedPrecondition : .unimplemented))
        }
        if kind == .moref {
            _ = try await ended(bed, try await provider.power(PowerRequest(id: id, op: .off), call).task)
            #expect(try await ended(bed, try await upgrade().task).state == .succeeded)
            #expect(try await provider.describe(DescribeRequest(id: id), call).providerRawJSON.contains(#""hardware":21"#))
        }
        await bed.close()
    }

    @Test(arguments: SimulatedSettings.Kind.allCases)
    func `disks grow and are added`(kind: SimulatedSettings.Kind) async throws {
        let bed = try await SimulatedBed(kind)
        let provider = try bed.provider
        let id = try await made(bed, bed.machine("web"))
        let desired = DesiredState(disks: [DiskSpec(name: "data", sizeGiB: 5), DiskSpec(name: "more", sizeGiB: 1)])
        let answer = try await provider.reconfigure(ReconfigureRequest(id: id, desiredJSON: desired.json), call)
        #expect(try await ended(bed, answer.task).state == .succeeded)
        let disks = try #require(try await provider.listVMs(ListVMsRequest(), call).vms.first).disks
        #expect(disks.map { "\($0.id) \($0.sizeGiB)" } == ["root 10", "data 5", "more 1"])
        await bed.close()
    }

    @Test func `what nobody does in a clone's guest is refused`() async throws {
        let bed = try await SimulatedBed(.local)
        let id = try await made(bed, bed.machine("web"))
        do throws(RPCError) {
            let request = CloneRequest(sourceVMID: id, targetName: "copy", customizeJSON: #"{"sysprep":{"enabled":true}}"#)
            _ = try await bed.provider.clone(request, call)
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .unimplemented && error.message.contains("sysprep"))
        }
        let request = CloneRequest(
            sourceVMID: id, targetName: "copy", classJSON: #"{"cpu":3,"memory":"1Gi"}"#, customizeJSON: #"{"hostname":"copy"}"#)
        let answer = try await bed.provider.clone(request, call)
        #expect(try await ended(bed, answer.task).state == .succeeded)
        let copy = try await bed.provider.listVMs(ListVMsRequest(), call).vms.first { $0.id == answer.targetVMID }
        #expect(copy?.cpu == 3 && copy?.memoryMiB == 1024)
        await bed.close()
    }

    @Test func `ends are counted by kind and variant, also after a restart`() async throws {
        let bed = try await SimulatedBed(.upid)
        let id = try await made(bed, bed.machine("web"))
        _ = try await ended(bed, try await bed.provider.power(PowerRequest(id: id, op: .off), call).task)
        _ = try await ended(bed, try await bed.provider.clone(CloneRequest(sourceVMID: id, targetName: "a", linked: true), call).task)
        _ = try await ended(bed, try await bed.provider.clone(CloneRequest(sourceVMID: id, targetName: "b"), call).task)
        try await bed.kill()
        let tallies = try bed.provider.engine.tallies.map { "\($0.kind) \($0.variant) \($0.outcome.rawValue) \($0.count)" }
        #expect(tallies == ["Clone full success 1", "Clone linked success 1", "Create  success 1", "Power stop success 1"])
        await bed.close()
    }
}
