import Glibc
import JSON
import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// What goes wrong on a real hypervisor: what is said of it, and that nothing half-made stays.
@Suite(.live, .serialized) struct LiveTroubleTests {
    private let folder = ScratchFolder()

    private func image(_ path: String = "", sha256: String? = nil) -> VMImage {
        let url = LiveHypervisor.imageURL
        let slash = url.lastIndex(of: "/") ?? url.endIndex
        var image = VMImage(url: url[..<slash] + path + url[slash...], format: "qcow2")
        image.checksum = sha256.map { Checksum(.sha256, hex: $0) }
        return image
    }

    private func request(_ name: String, _ image: VMImage?, size: Int? = nil) -> CreateRequest {
        let vmClass = VMClass(cpu: 1, memoryMiB: 96, diskDefaults: VMClass.DiskDefaults(sizeGiB: size))
        return CreateRequest(name: name, classJSON: vmClass.json, imageJSON: image?.json ?? "")
    }

    private func volumes(_ provider: LibvirtProvider, _ pool: String = "default") async throws -> Set<String> {
        try await provider.hypervisor.look("list") { connection throws(LibvirtError) in
            Set(try connection.pool(named: pool).volumes().map(\.name))
        }
    }

    @Test(
        arguments: [
            ("", "0000000000000000000000000000000000000000000000000000000000000000", RPCCode.failedPrecondition, "and 0000000000000000"),
            ("/none", nil, .notFound, "the server answers 404"),
        ] as [(String, String?, RPCCode, String)])
    func `an image that is not what it should be leaves nothing`(path: String, sha256: String?, code: RPCCode, words: String) async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        let task = try await provider.create(request("wrong", image(path, sha256: sha256)), LibvirtProvider.call).task
        let failure = try #require(try await provider.failure(task))
        #expect(failure.code == code)
        #expect(failure.message.contains(words), "\(failure)")
        #expect(try await volumes(provider) == before)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `an image that is redirected is found, and a second machine takes what is there`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let image = image("/redirect", sha256: LiveHypervisor.imageSHA256)
        var ids: [String] = []
        for name in ["redirected1", "redirected2"] {
            let made = try await provider.create(request(name, image), LibvirtProvider.call)
            try await provider.finish(made.task)
            ids.append(made.id)
        }
        for id in ids { try await provider.finish(try await provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task) }
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `a download that is cancelled leaves nothing`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        let made = try await provider.create(request("stalled", image("/stalls")), LibvirtProvider.call)
        let task = try #require(made.task)
        while try await volumes(provider).count < before.count + 2 { try await Task.sleep(for: .milliseconds(50)) }
        _ = try await provider.tasks.cancel(task.id)
        let end = try #require(await provider.tasks.end(of: task.id, by: .after(seconds: 60)))
        #expect(end.state == .cancelled)
        #expect(try await volumes(provider) == before)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `an image that does not fit leaves nothing`() async throws {
        let provider = try await LiveHypervisor.provider(folder) { $0.pool = "small" }
        let small = try #require(LiveHypervisor.smallFolder)
        let before = try await volumes(provider, "small")
        // Half of the image finds room.
        let filling = small + "/filling"
        let file = open(filling, O_WRONLY | O_CREAT, 0o600)
        defer {
            close(file)
            unlink(filling)
        }
        #expect(posix_fallocate(file, 0, 54 << 20) == 0)
        let task = try await provider.create(request("large", image()), LibvirtProvider.call).task
        let failure = try #require(try await provider.failure(task))
        #expect(failure.code == .resourceExhausted, "\(failure)")
        #expect(try await volumes(provider, "small").subtracting(["filling"]) == before)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `a guest that does not end is not switched off, and the other guests do not wait for one that hangs`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let deaf = try await provider.create(request("deaf", nil, size: 1), LibvirtProvider.call)
        let other = try await provider.create(request("other", nil, size: 1), LibvirtProvider.call)
        try await provider.finish(deaf.task)
        try await provider.finish(other.task)
        let asked = try await provider.power(
            PowerRequest(id: deaf.id, op: .shutdownGraceful, gracefulTimeoutSeconds: 2), LibvirtProvider.call)
        let failure = try #require(try await provider.failure(asked.task))
        #expect(failure.code == .deadlineExceeded)
        #expect(failure.message.contains("was not switched off"), "\(failure)")
        #expect(try await provider.describe(deaf.id).powerState == "On")

        // Who waits for a guest to start over keeps nobody from switching it off and on.
        let over = try await provider.power(PowerRequest(id: deaf.id, op: .reboot, gracefulTimeoutSeconds: 3600), LibvirtProvider.call)
        while provider.tasks.operation(over.task?.id ?? "")?.notes["asked"] == nil { try await Task.sleep(for: .milliseconds(20)) }
        for op in [PowerOp.off, .on] {
            try await provider.finish(try await provider.power(PowerRequest(id: deaf.id, op: op), LibvirtProvider.call).task, seconds: 20)
        }
        #expect(try #require(try await provider.failure(over.task, seconds: 30)).message.contains("by somebody else"))
        #expect(try await provider.describe(deaf.id).powerState == "On")

        try await LiveHypervisor.hand("pause deaf")
        // Something waits for its monitor.
        let stuck = try await provider.snapshotCreate(SnapshotCreateRequest(vmID: deaf.id, nameHint: "stuck"), LibvirtProvider.call)
        for id in [deaf.id, other.id, deaf.id] {
            let start = ContinuousClock.now
            #expect(try await provider.describe(id).powerState == "On")
            #expect((ContinuousClock.now - start).seconds < 5)
        }
        let start = ContinuousClock.now
        #expect(try await provider.listVMs(ListVMsRequest(), LibvirtProvider.call).vms.count >= 2)
        try await provider.finish(try await provider.power(PowerRequest(id: other.id, op: .off), LibvirtProvider.call).task, seconds: 20)
        try await provider.finish(try await provider.delete(DeleteRequest(id: other.id), LibvirtProvider.call).task, seconds: 20)
        #expect((ContinuousClock.now - start).seconds < 20)
        try await LiveHypervisor.hand("resume deaf")
        try await provider.finish(stuck.task)
        try await LiveHypervisor.hand("pause deaf")
        // One that hangs for ever can still be removed.
        try await provider.finish(try await provider.delete(DeleteRequest(id: deaf.id), LibvirtProvider.call).task, seconds: 90)
        #expect(try await provider.describe(deaf.id).exists == false)
        await provider.shutdown(by: .after(seconds: 5))
    }

    /// In the place of the guest's own agent.
    private static let hangingAgent = """
        #!/bin/sh
        port=/dev/$(cd /sys/class/virtio-ports && grep -ls '^org.qemu.guest_agent.0$' */name | head -n 1 | cut -d / -f 1)
        for process in /proc/[0-9]*; do grep -qs '^qemu-ga' $process/cmdline && kill -9 ${process#/proc/}; done
        sleep 1
        (
            exec 3<>$port
            while :; do
                while read -r line <&3; do
                    number=${line##*\\"id\\":}
                    number=${number# }
                    case $line in *guest-sync*) printf '{"return": %s}\\n' "${number%%[!0-9]*}" >&3 ;; esac
                done
                sleep 1
            done
        ) >/dev/null 2>&1 </dev/null &
        echo hangs
        """

    @Test func `an agent that greets and then hangs holds nothing for longer than seconds`() async throws {
        let provider = try await LiveHypervisor.provider(folder) { $0.network = "" }
        var wanted = request("greeter", image(sha256: LiveHypervisor.imageSHA256))
        wanted.userData = Array(Self.hangingAgent.utf8)
        let made = try await provider.create(wanted, LibvirtProvider.call)
        try await provider.finish(made.task)
        let (ends, hypervisor) = (Sayings(), provider.hypervisor)
        let question = AddressFinder.question(hypervisor.settings)
        let timed: AddressFinder.Question = { connection, uuid throws(LibvirtError) in
            let start = ContinuousClock.now
            defer { ends.add((ContinuousClock.now - start).seconds < 1.5 ? "at once" : "late") }
            return try question(connection, uuid)
        }
        // Its own agent answers at once, until that is gone.
        let began = ContinuousClock.now
        while ends.all.last != "late", (ContinuousClock.now - began).seconds < 120 {
            let start = ContinuousClock.now
            let machine = try await hypervisor.machine(made.id)
            #expect(await AddressFinder(hypervisor, question: timed).addresses(of: machine) == [])
            #expect((ContinuousClock.now - start).seconds < 4)
            // When nobody waits for it any more, the daemon lets it go by itself.
            try await Task.sleep(for: .seconds((ContinuousClock.now - start).seconds < 1.5 ? 0.3 : 5))
        }
        #expect(ends.all.last == "late")
        // It does hang: the daemon's greeting alone has its end after five seconds.
        let unbounded = await refusal { () throws(RPCError) in
            try await hypervisor.ask("ask as others do", seconds: 9) { connection throws(LibvirtError) in
                try connection.domain(uuid: made.id).interfaces(.agent)
            }
        }
        #expect(unbounded?.code == .deadlineExceeded, "\(String(describing: unbounded))")
        try await provider.finish(try await provider.delete(DeleteRequest(id: made.id), LibvirtProvider.call).task)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `a daemon that restarts, crashes or is away is come back to`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let made = try await provider.create(request("lasting", nil, size: 1), LibvirtProvider.call)
        try await provider.finish(made.task)
        for action in ["restart", "crash"] {
            try await LiveHypervisor.hand(action)
            #expect(try await provider.describe(made.id).powerState == "On")
            #expect(try await provider.validate(ValidateRequest(), LibvirtProvider.call).ok)
        }
        try await LiveHypervisor.hand("down")
        let start = ContinuousClock.now
        #expect(
            await refusal { () throws(RPCError) in try await provider.describe(DescribeRequest(id: made.id), LibvirtProvider.call) }?.code
                == .unavailable)
        #expect(
            await refusal { () throws(RPCError) in try await provider.validate(ValidateRequest(), LibvirtProvider.call) }?.code
                == .unavailable)
        #expect((ContinuousClock.now - start).seconds < 5)
        try await LiveHypervisor.hand("up")
        let off = try await provider.power(PowerRequest(id: made.id, op: .off), LibvirtProvider.call)
        // What was accepted waits for a daemon that is away for a moment.
        try await LiveHypervisor.hand("restart")
        try await provider.finish(off.task)
        try await provider.finish(try await provider.delete(DeleteRequest(id: made.id), LibvirtProvider.call).task)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test(arguments: 0..<12) func `killed at any moment, one machine is there and nothing else`(round: Int) async throws {
        var provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        let key = LibvirtProvider.call(key: "round-\(round)")
        var wanted = request("killed-\(round)", image(sha256: LiveHypervisor.imageSHA256), size: 1)
        wanted.disksJSON = DiskSpec.json([DiskSpec(name: "data", sizeGiB: 1)])
        let made = try await provider.create(wanted, key)
        for pause in [round * 37, 40 + round * 53, 150] {
            try await Task.sleep(for: .milliseconds(pause % 500))
            await provider.tasks.abandon()
            provider = try await LiveHypervisor.provider(folder)
        }
        #expect(try await provider.create(wanted, key) == made)
        try await provider.finish(made.task)
        let names = try await provider.listVMs(ListVMsRequest(), LibvirtProvider.call).vms.map(\.name)
        #expect(names.filter { $0 == wanted.name }.count == 1)
        let own = try await volumes(provider).subtracting(before).filter { !$0.hasPrefix("guest-") }
        #expect(own.count == 3, "\(own)")
        try await provider.finish(try await provider.delete(DeleteRequest(id: made.id), LibvirtProvider.call).task)
        #expect(try await volumes(provider).subtracting(before).filter { !$0.hasPrefix("guest-") }.isEmpty)
        await provider.shutdown(by: .after(seconds: 5))
    }
}

/// A daemon that wants a name and a password.
@Suite(.enabled(if: LiveHypervisor.password != nil, "MARTLET_TEST_PASSWORD is not set"), .serialized) struct LiveCredentialTests {
    @Test func `the right password opens, another one and none are told as that`() async throws {
        let folder = ScratchFolder()
        let right = try await LiveHypervisor.provider(folder) {
            $0.user = "martlet"
            $0.password = Secret(LiveHypervisor.password ?? "")
        }
        #expect(try await right.validate(ValidateRequest(), LibvirtProvider.call).ok)
        for password in ["wrong", nil] {
            let other = try await LiveHypervisor.provider(ScratchFolder()) {
                $0.user = "martlet"
                $0.password = password.map { Secret($0) }
            }
            let error = await refusal { () throws(RPCError) in try await other.validate(ValidateRequest(), LibvirtProvider.call) }
            #expect(error?.code == .unauthenticated, "\(String(describing: error))")
            #expect(error?.message.contains(password ?? "martlet") == false)
        }
    }
}
