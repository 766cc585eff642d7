import Objects
import ObjectStore
import Primitives

extension Trial {
    func create() async throws {
        var wanted = machine("web1")
        wanted.metadata.labels = ["app": "web", "example.com/tier": "front"]
        wanted.metadata.annotations = ["example.com/note": "Größe \"1\"\n"]
        wanted.metadata.ownerReferences = [OwnerReference(apiVersion: "apps/v1", kind: "Set", name: "web", uid: "u-1", isController: false)]
        wanted.status = ["id": "100"]
        wanted.metadata.uid = "mine"
        wanted.metadata.generation = 7
        wanted.metadata.creationTimestamp = "2001-01-01T00:00:00Z"
        wanted.metadata.deletionTimestamp = "2001-01-01T00:00:00Z"
        let made = try await store.create(wanted)
        let metadata = made.metadata
        expect(metadata.name == "web1" && metadata.namespace == namespace, "the name is \(made.key)")
        expect(isUUID(metadata.uid), "the uid is no UUID of version 4: \"\(metadata.uid)\"")
        expect(!metadata.resourceVersion.isEmpty, "there is no resourceVersion")
        expect(metadata.generation == 1, "the first generation is \(metadata.generation)")
        expect(isRecent(metadata.creationTimestamp), "the creationTimestamp is \"\(metadata.creationTimestamp)\"")
        expect(metadata.deletionTimestamp == nil, "a deletionTimestamp is taken from who creates")
        expect(
            metadata.labels == wanted.metadata.labels && metadata.annotations == wanted.metadata.annotations, "labels or annotations change"
        )
        expect(metadata.ownerReferences == wanted.metadata.ownerReferences, "owners change")
        expect(made.spec["classRef"]?["name"]?.text == "small" && tag(made) == "a", "the spec changes")
        expect(made.content["status"]?.members?.isEmpty ?? true, "a status is taken from who creates")
        expectSame(try await store.get(made.key), made, "what is read is not what was answered")
        await expectRefusal(.alreadyExists, what: "creating it again") { () throws(StoreError) in
            _ = try await store.create(machine("web1"))
        }
        expectSame(try await store.get(made.key), made, "it changed when it was created again")

        // The same name is free in other namespaces and of other kinds.
        _ = try await store.create(machine("web1", in: other))
        _ = try await store.create(vmClass("web1"))

        // kube-apiserver refuses what was read to be created; it must not keep the version at least.
        var read = machine("web2")
        read.metadata.resourceVersion = made.metadata.resourceVersion
        if await refusal({ () throws(StoreError) in _ = try await store.create(read) }) == nil {
            let version = try await store.get(read.key).metadata.resourceVersion
            expect(version != made.metadata.resourceVersion, "two objects have one resourceVersion")
        }
        await expectAbsent(machine("web9").key, "that was never made")
        await expectAbsent(machine("web1", in: "martlet-no-such-namespace").key, "of another namespace")
    }

    func refusals() async throws {
        let long = String(repeating: "a", count: 254)
        let names = ["", "Web", "web_1", "-web", "web-", "web.", ".web", "a..b", "we b", "web/1", "ü", long]
        for name in names {
            await expectRefusal(.invalid, what: "creating \"\(name.prefix(20))\"") { () throws(StoreError) in
                _ = try await store.create(machine(name))
            }
        }
        for name in ["a", "1", "a.b-c.1", String(repeating: "a", count: 253)] {
            let error = await refusal { () throws(StoreError) in _ = try await store.create(machine(name)) }
            expect(error == nil, "creating \"\(name.prefix(20))\" is refused: \(error.map(\.message) ?? "")")
        }
        try await refuseMetadata("a label's name with two slashes") { $0.labels = ["a/b/c": "x"] }
        try await refuseMetadata("a label's prefix in capitals") { $0.labels = ["Example.com/a": "x"] }
        try await refuseMetadata("a label without a name") { $0.labels = ["example.com/": "x"] }
        try await refuseMetadata("a label's name of 64 letters") { $0.labels = [String(repeating: "a", count: 64): "x"] }
        try await refuseMetadata("a label's value of 64 letters") { $0.labels = ["a": String(repeating: "a", count: 64)] }
        try await refuseMetadata("a label's value with a space") { $0.labels = ["a": "x y"] }
        try await refuseMetadata("a label's value that ends with a dash") { $0.labels = ["a": "x-"] }
        try await refuseMetadata("an annotation's name with a space") { $0.annotations = ["a b": "x"] }
        try await refuseMetadata("annotations of more than 256 KiB") { $0.annotations = ["a": String(repeating: "x", count: 256 << 10)] }
        try await refuseMetadata("a finalizer with a space") { $0.finalizers = ["not a name"] }
        try await refuseMetadata("an owner without a uid") {
            $0.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "Pod", name: "a", uid: "")]
        }
        try await refuseMetadata("two controllers") {
            let owner = OwnerReference(apiVersion: "v1", kind: "Pod", name: "a", uid: "u1")
            $0.ownerReferences = [owner, OwnerReference(apiVersion: "v1", kind: "Pod", name: "b", uid: "u2")]
        }
        var taken = machine("taken")
        taken.metadata.labels = [
            "a": "", "example.com/b_c.d-E": "x_y.z-1", String(repeating: "a", count: 63): String(repeating: "a", count: 63),
        ]
        taken.metadata.annotations = ["Example.com/a": String(repeating: "x", count: 200 << 10)]
        taken.metadata.finalizers = ["example.com/a", "example.com/b"]
        let made = try await store.create(taken)
        expect(
            made.metadata.labels == taken.metadata.labels && made.metadata.finalizers == taken.metadata.finalizers,
            "what may be said changes")
        try await sweep(made.key)
    }

    /// By create and by update.
    private func refuseMetadata(_ what: String, _ change: (inout ObjectMetadata) -> Void) async throws {
        var refused = machine("refused")
        change(&refused.metadata)
        await expectRefusal(.invalid, what: what) { () throws(StoreError) in _ = try await store.create(refused) }
        await expectAbsent(refused.key, "after \(what) was refused")
        var made = try await store.create(machine("changed"))
        let before = made
        change(&made.metadata)
        await expectRefusal(.invalid, what: "\(what), by an update,") { () throws(StoreError) in _ = try await store.update(made) }
        expectSame(try await store.get(made.key), before, "after \(what) was refused it changed")
        _ = try await store.delete(made.key)
    }

    func generatedNames() async throws {
        var names = Set<String>()
        var unnamed = machine("")
        unnamed.metadata.generateName = "web-"
        for _ in 0..<50 {
            let name = try await store.create(unnamed).metadata.name
            expect(name.hasPrefix("web-") && name.utf8.count == 9, "the name made up is \"\(name)\"")
            expect(
                name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D },
                "the name made up is \"\(name)\"")
            expect(names.insert(name).inserted, "the name \"\(name)\" is made up twice")
        }
        unnamed.metadata.generateName = String(repeating: "a", count: 100)
        let long = try await store.create(unnamed).metadata.name
        expect(long.utf8.count == 63, "the name made up from 100 letters has \(long.utf8.count)")
        var named = machine("web")
        named.metadata.generateName = "other-"
        expect(try await store.create(named).metadata.name == "web", "a name is made up where there is one")
        unnamed.metadata.generateName = "Web_"
        await expectRefusal(.invalid, what: "generateName \"Web_\"") { () throws(StoreError) in _ = try await store.create(unnamed) }
        expect(try await store.list(.virtualMachine, in: namespace).items.count == 52, "there are not the 52 objects that were made")
    }

    func lists() async throws {
        let empty = try await store.list(.virtualMachine, in: namespace)
        expect(empty.items.isEmpty && !empty.resourceVersion.isEmpty, "an empty namespace has \(empty.items.count) objects")
        for (index, name) in ["b", "a-b", "a", "a.b", "a0", "c"].enumerated() {
            var object = machine(name)
            object.metadata.labels = ["even": index.isMultiple(of: 2) ? "yes" : "no"]
            if index == 5 { object.metadata.labels = [:] }
            _ = try await store.create(object)
        }
        _ = try await store.create(machine("z", in: other))
        _ = try await store.create(vmClass("k"))
        func names(_ requirements: LabelSelector.Requirement...) async throws(StoreError) -> String {
            try await store.list(.virtualMachine, in: namespace, LabelSelector(requirements)).items.map(\.metadata.name).joined(
                separator: " ")
        }
        let all = try await names()
        expect(all == "a a-b a.b a0 b c", "the list is not in the order of names: \(all)")
        let selections: [(String, LabelSelector.Requirement, String)] = [
            ("is one of", .isOneOf("even", ["yes"]), "a a0 b"), ("is none of", .isNoneOf("even", ["yes"]), "a-b a.b c"),
            ("exists", .exists("even"), "a a-b a.b a0 b"), ("exists not", .existsNot("even"), "c"),
        ]
        for (what, requirement, expected) in selections {
            let got = try await names(requirement)
            expect(got == expected, "of labels, \"\(what)\" chooses \(got), must be \(expected)")
        }
        let both = try await names(.exists("even"), .isNoneOf("even", ["yes"]))
        expect(both == "a-b a.b", "two requirements choose \(both)")
        let everywhere = try await store.list(.virtualMachine).items.filter { [namespace, other].contains($0.metadata.namespace) }
        expect(everywhere.count == 7, "the list of all namespaces has \(everywhere.count) of 7")
        expect(try await store.list(.vmClass, in: namespace).items.map(\.metadata.name) == ["k"], "a list has objects of another kind")
        for item in try await store.list(.virtualMachine, in: namespace).items {
            expectSame(try await store.get(item.key), item, "a list has another object than is read")
        }
    }

    func sizes() async throws {
        func padded(_ name: String, _ count: Int) -> APIObject {
            // Of what its schema lets be of any size.
            var object = APIObject(.vmOperation, ObjectMetadata(name: name, namespace: namespace))
            object.spec = [
                "operation": "Create", "targetRef": ["kind": "VirtualMachine", "name": "web1"],
                "providerRef": ["name": "lab", "namespace": .text(namespace)],
                "parameters": ["note": .text(String(repeating: "x", count: count))],
            ]
            return object
        }
        let nearly = try await store.create(padded("nearly", 1_400_000))
        expect(
            try await store.get(nearly.key).spec["parameters"]?["note"]?.text?.utf8.count == 1_400_000, "a large text is cut")
        // What comes between is a server's own matter: etcd's limit is 1.5 MiB, kube-apiserver's 3 MB.
        let error = await refusal { () throws(StoreError) in _ = try await store.create(padded("large", 3_500_000)) }
        expect(error != nil, "an object of 3.5 MB is taken")
        await expectAbsent(padded("large", 0).key, "that was too large")
        var grown = nearly
        grown.spec = padded("", 3_500_000).spec
        expect(await refusal { () throws(StoreError) in _ = try await store.update(grown) } != nil, "an object grows to 3.5 MB")
        expectSame(try await store.get(nearly.key), nearly, "what could not grow changed")
        _ = try await store.delete(nearly.key)
    }

    private func isUUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isHex = parts.joined().utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12], isHex else { return false }
        return parts[2].hasPrefix("4") && "89ab".contains(parts[3].prefix(1))
    }

    /// RFC 3339 in UTC and whole seconds, and a quarter of an hour from this machine's time at most.
    func isRecent(_ text: String) -> Bool {
        guard text.hasSuffix("Z"), let time = CivilTime(parsing: text.dropLast().split(separator: "T").joined(separator: " ")) else {
            return false
        }
        return (time.unixSeconds - WallClock.system.unixSeconds).magnitude < 900
    }
}
