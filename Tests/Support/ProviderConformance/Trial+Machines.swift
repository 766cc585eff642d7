import ProviderRPC
import RPC

extension Trial {
    func lifeCycle() async throws {
        let provider = try await provider
        let before = try await bed.view()
        expect(try await provider.validate(ValidateRequest(), options()).ok, "Validate is not ok on a bed that is")
        guard let id = try await made("life") else { return }
        let view = try await bed.view()
        expect(view.count(named: "life") == 1, "after Create the hypervisor has \(view.count(named: "life")) machines of the name")
        expect(view.disks.count > before.disks.count, "after Create there is no disk more than before")
        expectWhole(view, "after Create")
        let seen = try await listed("life")
        expect(seen.count == 1 && seen.first?.id == id, "ListVMs shows \(seen.map(\.id)) for the machine \(id)")
        expect(seen.first.map { $0.cpu > 0 && $0.memoryMiB > 0 } ?? false, "ListVMs tells neither processors nor memory")
        expect(try await powerState(id) == "On", "after Create the machine is \(try await powerState(id))")

        for (op, state) in [(PowerOp.off, "Off"), (.off, "Off"), (.on, "On"), (.reboot, "On"), (.shutdownGraceful, "Off")] {
            try await succeed(
                "Power \(op)",
                try await provider.power(PowerRequest(id: id, op: op, gracefulTimeoutSeconds: limits.gracefulSeconds), options()).task)
            let now = try await powerState(id)
            expect(now == state, "after Power \(op) the machine is \(now)")
        }
        if let machine = seen.first {
            let desired = #"{"Class":{"CPU":\#(machine.cpu + 1),"MemoryMiB":\#(machine.memoryMiB + 256)}}"#
            try await succeed(
                "Reconfigure", try await provider.reconfigure(ReconfigureRequest(id: id, desiredJSON: desired), options()).task)
            let now = try await listed("life").first
            expect(
                now?.cpu == machine.cpu + 1 && now?.memoryMiB == machine.memoryMiB + 256, "Reconfigure changed nothing that ListVMs shows")
        }
        let disk = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: id), options())
        expect(disk.virtualSizeBytes > 0 && !disk.path.isEmpty, "GetDiskInfo tells neither size nor path")

        try await succeed("Delete", try await provider.delete(DeleteRequest(id: id), options()).task)
        expect(try await powerState(id) == "none", "after Delete the machine is described")
        try await expectNothing(beside: before, "after Delete")
        try await expectCode(.notFound, "Delete of a machine that is gone") {
            _ = try await provider.delete(DeleteRequest(id: id), options())
        }
    }

    func runningDelete() async throws {
        let before = try await bed.view()
        guard let id = try await made("running") else { return }
        expect(try await powerState(id) == "On", "after Create the machine is \(try await powerState(id))")
        try await succeed("Delete of a machine that runs", try await provider.delete(DeleteRequest(id: id), options()).task)
        try await expectNothing(beside: before, "after Delete")
    }

    func snapshots() async throws {
        let provider = try await provider
        guard let id = try await made("snapped") else { return }
        guard try await provider.getCapabilities(GetCapabilitiesRequest(), options()).supportsSnapshots else {
            return try await expectCode(.unimplemented, "SnapshotCreate where there are none") {
                _ = try await provider.snapshotCreate(SnapshotCreateRequest(vmID: id, nameHint: "one"), options())
            }
        }
        try await succeed("Power off", try await provider.power(PowerRequest(id: id, op: .off), options()).task)
        var references: [String] = []
        // The same hint twice, and one that is no name of anything.
        for hint in ["one", "one", "täglich \"3\" / 4"] {
            let answer = try await provider.snapshotCreate(
                SnapshotCreateRequest(vmID: id, nameHint: hint, description: "line\nline"), options())
            guard try await succeed("SnapshotCreate", answer.task) else { return }
            references.append(answer.snapshotID)
        }
        expect(Set(references).count == 3, "three snapshots have the identifiers \(references)")
        let view = try await bed.view()
        expect(view.snapshots.count == 3, "the hypervisor has \(view.snapshots.count) snapshots of three")
        expectWhole(view, "after SnapshotCreate")
        try await succeed(
            "SnapshotRevert", try await provider.snapshotRevert(SnapshotRevertRequest(vmID: id, snapshotID: references[0]), options()).task)
        try await expectCode(.notFound, "SnapshotRevert to none") {
            _ = try await provider.snapshotRevert(SnapshotRevertRequest(vmID: id, snapshotID: "none"), options())
        }
        // The one in the middle first.
        for reference in [references[1], references[0], references[2]] {
            try await succeed(
                "SnapshotDelete", try await provider.snapshotDelete(SnapshotDeleteRequest(vmID: id, snapshotID: reference), options()).task)
        }
        let after = try await bed.view()
        expect(after.snapshots.isEmpty, "after SnapshotDelete there are \(after.snapshots)")
        try await expectCode(.notFound, "SnapshotDelete of one that is gone") {
            _ = try await provider.snapshotDelete(SnapshotDeleteRequest(vmID: id, snapshotID: references[0]), options())
        }
        // A machine goes with its snapshots.
        let last = try await provider.snapshotCreate(SnapshotCreateRequest(vmID: id, nameHint: "last"), options())
        try await succeed("SnapshotCreate", last.task)
        try await succeed("Delete", try await provider.delete(DeleteRequest(id: id), options()).task)
        expect(try await bed.view().snapshots.isEmpty, "after Delete the machine's snapshots are there")
    }

    func clones() async throws {
        let provider = try await provider
        let before = try await bed.view()
        guard let source = try await made("source") else { return }
        try await succeed("Power off", try await provider.power(PowerRequest(id: source, op: .off), options()).task)
        let full = try await provider.clone(CloneRequest(sourceVMID: source, targetName: "full"), options())
        guard try await succeed("Clone", full.task) else { return }
        expect(full.targetVMID != source && !full.targetVMID.isEmpty, "a clone has the identifier \"\(full.targetVMID)\"")
        var (ids, isSourceThere) = ([full.targetVMID], true)
        let isLinkable = try await provider.getCapabilities(GetCapabilitiesRequest(), options()).supportsLinkedClones
        if isLinkable {
            let linked = try await provider.clone(CloneRequest(sourceVMID: source, targetName: "linked", linked: true), options())
            if try await succeed("linked Clone", linked.task) {
                ids.append(linked.targetVMID)
                let disk = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: linked.targetVMID), options())
                expect(!disk.backingFile.isEmpty, "the disk of a linked clone stands on nothing")
                // It is refused, or the clone keeps what it stands on.
                let got = try await code {
                    let task = try await provider.delete(DeleteRequest(id: source), options()).task
                    if let end = try await end(task), end.state == .failed {
                        throw RPCError(RPCCode(rawValue: end.code) ?? .unknown, end.error)
                    }
                }
                isSourceThere = got != .ok
                expect(got == .failedPrecondition || got == .ok, "Delete of a machine that a linked clone stands on ends with \(got.name)")
                for op in [PowerOp.on, .off] {
                    try await succeed(
                        "Power \(op) of a linked clone",
                        try await provider.power(PowerRequest(id: linked.targetVMID, op: op), options()).task)
                }
            }
        }
        let view = try await bed.view()
        expect(
            view.count(named: "full") == 1 && view.count(named: "source") == (isSourceThere ? 1 : 0),
            "there are \(view.machines.map(\.name)) after the clone")
        expectWhole(view, "after Clone")
        let macs = try await provider.listVMs(ListVMsRequest(), options()).vms.flatMap { $0.networks.map(\.mac) }
        expect(Set(macs).count == macs.count, "a clone has a network address of its source")
        try await expectCode(.alreadyExists, "Clone to a name that is taken") {
            _ = try await provider.clone(CloneRequest(sourceVMID: isSourceThere ? source : ids[0], targetName: "full"), options())
        }
        for id in ids.reversed() + (isSourceThere ? [source] : []) {
            try await succeed("Delete", try await provider.delete(DeleteRequest(id: id), options()).task)
        }
        try await expectNothing(beside: before, "after all were deleted")
    }

    func images() async throws {
        let provider = try await provider
        guard let request = bed.image("golden") else {
            return try await expectCode(.unimplemented, "ImagePrepare where there is none") {
                _ = try await provider.imagePrepare(
                    ImagePrepareRequest(imageJSON: #"{"URL":"http://127.0.0.1/a"}"#, targetName: "golden"), options())
            }
        }
        let before = try await bed.view()
        let first = try await provider.imagePrepare(request, options())
        expect(!first.preparedImageID.isEmpty || !first.preparedImagePath.isEmpty, "ImagePrepare tells neither identifier nor path")
        guard try await succeed("ImagePrepare", first.task) else { return }
        let disks = try await bed.view().disks
        expect(disks.count == before.disks.count + 1, "ImagePrepare made \(disks.count - before.disks.count) files of one image")
        let second = try await provider.imagePrepare(request, options())
        try await succeed("ImagePrepare of what is there", second.task)
        expect(
            second.preparedImageID == first.preparedImageID && second.preparedImagePath == first.preparedImagePath,
            "the same image is elsewhere")
        expect(try await bed.view().disks == disks, "ImagePrepare of what is there made something")
        var machine = bed.machine("from-image")
        machine.imageJSON =
            VMImage(
                templateName: first.preparedImagePath.isEmpty ? first.preparedImageID : nil,
                path: first.preparedImagePath.isEmpty ? nil : first.preparedImagePath
            ).json
        try await succeed("Create from an image", try await provider.create(machine, options()).task)

        let wrong = String(repeating: "0", count: 64)
        var other = request
        other.targetName = "other"
        other.imageJSON = Self.with(checksum: wrong, request.imageJSON)
        let kept = try await bed.view()
        try await expectCode(.failedPrecondition, "an image with another checksum") {
            let task = try await provider.imagePrepare(other, options()).task
            if let end = try await end(task), end.state == .failed {
                expect(end.error.contains(wrong), "the error tells nothing of the checksum: \(end.error)")
                throw RPCError(RPCCode(rawValue: end.code) ?? .unknown, end.error)
            }
        }
        try await expectNothing(beside: kept, "after an image with another checksum")
        other.imageJSON = Self.with(checksum: "tea", request.imageJSON)
        try await expectCode(.invalidArgument, "a checksum that is none") { _ = try await provider.imagePrepare(other, options()) }
    }

    private static func with(checksum: String, _ json: String) -> String {
        guard var image = try? VMImage.read(json) else { return json }
        image.checksum = Checksum(.sha256, hex: checksum)
        return image.json
    }
}
