import Primitives
import ProviderRPC
import RPC

extension Trial {
    func codes() async throws {
        let provider = try await provider
        let before = try await bed.view()
        let none = "00000000-0000-4000-a000-000000000000"
        for id in [none, "999999999", "no such machine", "../../etc"] {
            try await expectCode(.notFound, "Delete of no machine") { _ = try await provider.delete(DeleteRequest(id: id), options()) }
            try await expectCode(.notFound, "Power of no machine") {
                _ = try await provider.power(PowerRequest(id: id, op: .on), options())
            }
            try await expectCode(.notFound, "Reconfigure of no machine") {
                _ = try await provider.reconfigure(ReconfigureRequest(id: id, desiredJSON: #"{"Class":{"CPU":1}}"#), options())
            }
            try await expectCode(.notFound, "Clone of no machine") {
                _ = try await provider.clone(CloneRequest(sourceVMID: id, targetName: "clone"), options())
            }
            try await expectCode(.notFound, "GetDiskInfo of no machine") {
                _ = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: id), options())
            }
            expect(try await provider.describe(DescribeRequest(id: id), options()).exists == false, "Describe knows \(id)")
        }
        if try await provider.getCapabilities(GetCapabilitiesRequest(), options()).supportsSnapshots {
            try await expectCode(.notFound, "SnapshotCreate of no machine") {
                _ = try await provider.snapshotCreate(SnapshotCreateRequest(vmID: none, nameHint: "a"), options())
            }
            try await expectCode(.notFound, "SnapshotDelete of no machine") {
                _ = try await provider.snapshotDelete(SnapshotDeleteRequest(vmID: none, snapshotID: "a"), options())
            }
        }

        func create(_ change: (inout CreateRequest) -> Void) -> CreateRequest {
            var request = bed.machine("refused")
            change(&request)
            return request
        }
        let bad: [(String, CreateRequest)] = [
            ("no name", create { $0.name = "" }), ("class_json that is no JSON", create { $0.classJSON = "{" }),
            ("class_json with a text for a number", create { $0.classJSON = #"{"CPU":"many"}"# }),
            ("class_json with a member that is not known", create { $0.classJSON = #"{"CPU":1,"MemryMiB":512}"# }),
            ("image_json that is no object", create { $0.imageJSON = "[]" }),
            ("networks_json that is no list", create { $0.networksJSON = "{}" }),
            ("disks_json without a size", create { $0.disksJSON = #"[{"Name":"a"}]"# }),
            ("disks_json with a name that is a path", create { $0.disksJSON = #"[{"Name":"../a","SizeGiB":1}]"# }),
            ("placement_json that is no JSON", create { $0.placementJSON = "fast" }),
        ]
        for (what, request) in bad {
            try await expectCode(.invalidArgument, "Create with \(what)") { _ = try await provider.create(request, options()) }
        }
        try await expectCode(.notFound, "Create in a pool that is not there") {
            _ = try await provider.create(create { $0.placementJSON = #"{"Datastore":"no-such-pool"}"# }, options())
        }
        try await expectCode(.notFound, "Create from an image that is not there") {
            _ = try await provider.create(create { $0.imageJSON = #"{"Path":"/pools/none/none.qcow2"}"# }, options())
        }
        try await expectNothing(beside: before, "after calls that were refused")
        expect(try await tasks.list(ListTasksRequest(), options()).tasks.isEmpty, "calls that were refused are tasks")

        guard let id = try await made("here") else { return }
        try await expectCode(.invalidArgument, "Power of no kind") { _ = try await provider.power(PowerRequest(id: id), options()) }
        try await expectCode(.invalidArgument, "Power of an unknown kind") {
            _ = try await provider.power(PowerRequest(id: id, op: .other(9)), options())
        }
        for json in ["", "{", #"{"Class":{"CPU":-1}}"#] {
            try await expectCode(.invalidArgument, "Reconfigure to \"\(json)\"") {
                _ = try await provider.reconfigure(ReconfigureRequest(id: id, desiredJSON: json), options())
            }
        }
        try await expectCode(.invalidArgument, "Clone to no name") {
            _ = try await provider.clone(CloneRequest(sourceVMID: id, targetName: ""), options())
        }
        try await expectCode(.failedPrecondition, "a disk made smaller") {
            let json = #"{"Disks":[{"Name":"data","SizeGiB":1}]}"#
            let task = try await provider.reconfigure(ReconfigureRequest(id: id, desiredJSON: json), options()).task
            if let end = try await end(task), end.state == .failed { throw RPCError(RPCCode(rawValue: end.code) ?? .unknown, end.error) }
        }
        try await expectCode(.notFound, "GetDiskInfo of no disk") {
            _ = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: id, diskID: "none"), options())
        }
    }

    func failures() async throws {
        let provider = try await provider
        let before = try await bed.view()
        if try await bed.setFault(.workFails) {
            let created = try await provider.create(bed.machine("doomed"), options())
            if let end = try await end(created.task) {
                expect(end.state == .failed, "work that fails ends \(end.state)")
                expect(end.code != 0 && end.code != RPCCode.unknown.rawValue, "work that fails has the code \(end.code)")
                expect(!end.error.isEmpty, "work that fails does not say why")
                let name = RPCCode(rawValue: end.code)?.name ?? ""
                if let task = created.task {
                    let status = try await provider.taskStatus(TaskStatusRequest(task: task), options())
                    expect(
                        status.done && status.error.hasPrefix(name + ": "),
                        "TaskStatus says done \(status.done), \"\(status.error)\" of what failed with \(name)")
                    try await bed.kill()
                    let again = try await self.provider.taskStatus(TaskStatusRequest(task: task), options())
                    expect(again == status, "TaskStatus says something else after a restart: \"\(again.error)\"")
                }
            }
            try await expectNothing(beside: before, "after work that failed")
        }
        if try await bed.setFault(.poolFull) {
            try await expectCode(.resourceExhausted, "Create in a full pool") {
                let task = try await self.provider.create(bed.machine("large"), options()).task
                if let end = try await end(task), end.state == .failed {
                    throw RPCError(RPCCode(rawValue: end.code) ?? .unknown, end.error)
                }
            }
            try await expectNothing(beside: before, "after Create in a full pool")
        }
        _ = try await bed.setFault(nil)
        expect(try await made("doomed") != nil, "a name is taken by what failed")
    }

    func hypervisorErrors() async throws {
        let provider = try await provider
        guard let id = try await made("there") else { return }
        let before = try await bed.view()
        for (fault, codes) in [(BedFault.unreachable, [RPCCode.unavailable]), (.wrongCredentials, [.unauthenticated, .permissionDenied])] {
            guard try await bed.setFault(fault) else { continue }
            let calls: [(String, () async throws -> Void)] = [
                ("Validate", { _ = try await provider.validate(ValidateRequest(), self.options()) }),
                ("Describe", { _ = try await provider.describe(DescribeRequest(id: id), self.options()) }),
                ("ListVMs", { _ = try await provider.listVMs(ListVMsRequest(), self.options()) }),
                ("Create", { _ = try await provider.create(self.bed.machine("absent"), self.options()) }),
                ("Delete", { _ = try await provider.delete(DeleteRequest(id: id), self.options()) }),
            ]
            for (what, body) in calls {
                let got = try await code(body)
                expect(codes.contains(got), "\(what) ends with \(got.name) when the hypervisor is \(fault)")
            }
            // What is known without the hypervisor is told.
            expect(
                try await tasks.list(ListTasksRequest(), options()).tasks.isEmpty == false,
                "tasks cannot be seen when the hypervisor is \(fault)")
            _ = try await bed.setFault(nil)
            expect(try await powerState(id) == "On", "the machine is \(try await powerState(id)) when the hypervisor is there again")
        }
        try await expectNothing(beside: before, "after the hypervisor was there again")
    }

    func lostAnswers() async throws {
        guard try await bed.setFault(.losesAnswers) else { return }
        let before = try await bed.view()
        let created = try await provider.create(bed.machine("lost"), options())
        guard try await succeed("Create whose answers are lost", created.task) else { return }
        let view = try await bed.view()
        expect(view.count(named: "lost") == 1, "there are \(view.count(named: "lost")) machines after answers were lost")
        expectWhole(view, "after answers were lost")
        try await succeed("Delete whose answers are lost", try await provider.delete(DeleteRequest(id: created.id), options()).task)
        try await expectNothing(beside: before, "after Delete")
    }

    /// Names that some program somewhere would take for more than a name.
    private static let strange = [
        "plain", "with-dash.and.dot", "naïve-ü", "🦅", "日本語", "a b", "it's", "\"quoted\"", "a/b", "../up", ".hidden", "a&b<c>", "%2f%25",
        "$(id)",
        "; rm -rf", "a\u{0}b", "line\nbreak", "\u{202E}reversed", "-dash", String(repeating: "x", count: 63),
        String(repeating: "y", count: 300),
        String(repeating: "ü", count: 70), "' OR 1=1 --",
    ]

    func names() async throws {
        let provider = try await provider
        var taken: [(name: String, id: String)] = []
        for name in Self.strange {
            let request = bed.machine(name)
            var answer: CreateResponse?
            let got = try await code { answer = try await provider.create(request, options()) }
            guard got == .ok, let answer else {
                expect(got == .invalidArgument, "Create of \(name.debugDescription.prefix(40)) ends with \(got.name)")
                continue
            }
            if try await succeed("Create of \(name.debugDescription.prefix(40))", answer.task) { taken.append((name, answer.id)) }
        }
        expect(taken.contains { $0.name == "plain" }, "not even plain is a name")
        let view = try await bed.view()
        for (name, id) in taken {
            expect(
                view.count(named: name) == 1,
                "\(name.debugDescription.prefix(40)) was taken, and the hypervisor has \(view.count(named: name)) of it")
            expect(try await listed(name).map(\.id) == [id], "ListVMs does not show \(name.debugDescription.prefix(40)) as it was said")
        }
        expectWhole(view, "after strange names")
        for (_, id) in taken { try await succeed("Delete", try await provider.delete(DeleteRequest(id: id), options()).task) }
        expect(try await bed.view().machines.isEmpty, "machines with strange names cannot be removed")
    }

    func concurrency() async throws {
        let provider = try await provider
        let options = options()
        // Different machines.
        let requests = (0..<6).map { bed.machine("many-\($0)") }
        let answers = await withTaskGroup(of: CreateResponse?.self) { group in
            for request in requests { group.addTask { try? await provider.create(request, options) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for answer in answers {
            guard let answer else {
                note("one of several Creates at once was refused")
                continue
            }
            try await succeed("one of several Creates at once", answer.task)
        }
        expect(Set(answers.compactMap { $0?.id }).count == 6, "six Creates at once give the identifiers \(answers.compactMap { $0?.id })")
        expect(try await bed.view().machines.count == 6, "six Creates at once made \(try await bed.view().machines.count) machines")

        // One name, with different keys and with one.
        let same = bed.machine("same")
        let keyed = (0..<6).map { self.options("k\($0)") }
        let outcomes = await withTaskGroup(of: Result<CreateResponse, RPCError>.self) { group in
            for options in keyed {
                group.addTask {
                    do throws(RPCError) {
                        return .success(try await provider.create(same, options))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var winners = 0
        for outcome in outcomes {
            switch outcome {
            case .success(let answer): if let end = try await end(answer.task), end.state == .succeeded { winners += 1 }
            case .failure(let error): expect(error.code == .alreadyExists, "a name that is being taken is refused with \(error.code.name)")
            }
        }
        expect(winners == 1, "of six Creates of one name \(winners) won")
        expect(
            try await bed.view().count(named: "same") == 1,
            "six Creates of one name made \(try await bed.view().count(named: "same")) machines")
        let one = self.options("one-key")
        let shared = bed.machine("shared")
        let ids = await withTaskGroup(of: String.self) { group in
            for _ in 0..<6 { group.addTask { (try? await provider.create(shared, one))?.id ?? "refused" } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        expect(ids.count == 1 && !ids.contains("refused"), "one key six times at once gives \(ids)")

        // Several things at once on one machine.
        guard let id = answers.compactMap({ $0?.id }).first else { return }
        let tasks = await withTaskGroup(of: TaskRef?.self) { group in
            for number in 0..<3 {
                group.addTask { (try? await provider.power(PowerRequest(id: id, op: number == 1 ? .on : .off), options))?.task }
                group.addTask {
                    (try? await provider.reconfigure(ReconfigureRequest(id: id, desiredJSON: #"{"Class":{"CPU":4}}"#), options))?.task
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for task in tasks {
            guard let task, let end = try await end(task) else { continue }
            expect(end.state == .succeeded, "one of several things at once on a machine ends \(end.state): \(end.error)")
        }
        // Two who want it gone.
        let gone = await withTaskGroup(of: Result<TaskResponse, RPCError>.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do throws(RPCError) {
                        return .success(try await provider.delete(DeleteRequest(id: id), options))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for outcome in gone {
            switch outcome {
            case .success(let answer): try await succeed("one of two Deletes at once", answer.task)
            case .failure(let error): expect(error.code == .notFound, "one of two Deletes at once is refused with \(error.code.name)")
            }
        }
        expect(try await powerState(id) == "none", "after two Deletes at once the machine is there")
        expectWhole(try await bed.view(), "after many calls at once")
    }
}
