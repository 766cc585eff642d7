import Objects
import ObjectStore

/// A store as simple as it can be: what was answered last, by name.
private struct Model {
    var there: [String: APIObject] = [:]
}

/// The same numbers in every run.
private struct Numbers {
    var state: UInt64

    mutating func next(_ below: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(below))
    }
}

extension Trial {
    /// Requests by chance, one after the other; each must do what the model expects of it.
    func model() async throws {
        var (numbers, model) = (Numbers(state: limits.seed), Model())
        let list = try await store.list(.virtualMachine, in: namespace)
        let watch = try await watch(.virtualMachine, namespace, from: list.resourceVersion)
        var changes: [String] = []
        for step in 0..<limits.requests where notes.count < 5 {
            let name = "m\(numbers.next(6))"
            let old = model.there[name]
            var wanted = old ?? machine(name)
            // Now and then nothing is said of the state that is meant, or another is.
            let isStale = numbers.next(6) == 0 && old != nil
            if numbers.next(5) == 0 {
                wanted.metadata.resourceVersion = ""
            } else if isStale {
                wanted.metadata.resourceVersion = list.resourceVersion
            }
            let isConflict = isStale && wanted.metadata.resourceVersion == list.resourceVersion
            let action = ["create", "spec", "labels", "status", "nothing", "finalizer", "unfinalizer", "delete", "delete"][numbers.next(9)]
            let expectation: StoreError.Reason?
            var expected: APIObject?
            let request: () async throws(StoreError) -> APIObject?
            switch action {
            case "create":
                expectation = old == nil ? nil : .alreadyExists
                expected = machine(name)
                expected?.metadata.generation = 1
                let new = machine(name)
                request = { () throws(StoreError) in try await self.store.create(new) }
            case "delete":
                let precondition = DeletePrecondition(
                    uid: numbers.next(3) == 0 ? old?.metadata.uid : nil, resourceVersion: isConflict ? list.resourceVersion : nil)
                expectation = old == nil ? .notFound : isConflict ? .conflict : nil
                if var going = old, !going.metadata.finalizers.isEmpty {
                    if !going.metadata.isDeleting { going.metadata.generation += 1 }
                    going.metadata.deletionTimestamp = "set"
                    expected = going
                }
                let key = machine(name).key
                request = { () throws(StoreError) in try await self.store.delete(key, precondition) }
            default:
                var isForbidden = false
                var content = wanted
                switch action {
                case "spec": content = setTag("s\(step)", of: wanted)
                case "labels": content.metadata.labels = ["step": "s\(numbers.next(3))"]
                case "status": content.status = ["id": .text("\(numbers.next(3))")]
                case "finalizer":
                    let added = "example.com/f\(numbers.next(3))"
                    if !content.metadata.finalizers.contains(added) {
                        content.metadata.finalizers.append(added)
                        isForbidden = old?.metadata.isDeleting == true
                    }
                case "unfinalizer": if !content.metadata.finalizers.isEmpty { content.metadata.finalizers.removeLast() }
                default: break
                }
                expectation = old == nil ? .notFound : isConflict ? .conflict : isForbidden ? .invalid : nil
                var result = content
                if action == "spec" { result.metadata.generation += 1 }
                expected = result
                let part: ObjectPart = action == "status" ? .status : .main
                let sent = content
                request = { () throws(StoreError) in try await self.store.update(sent, part) }
            }
            let what = "step \(step) (seed \(limits.seed)), \(action) of \(name)"
            var answer: APIObject?
            do throws(StoreError) {
                answer = try await request()
                guard expectation == nil else {
                    note("\(what) is done, must be refused with \(expectation?.rawValue ?? "")")
                    continue
                }
            } catch {
                expect(
                    error.reason == expectation,
                    "\(what) is refused with \(error.reason.rawValue), must be \(expectation?.rawValue ?? "done")")
                continue
            }
            let isGone =
                action == "delete"
                ? expected == nil : expected?.metadata.isDeleting == true && expected?.metadata.finalizers.isEmpty == true
            if isGone {
                model.there[name] = nil
                changes.append("deleted \(name)")
                await expectAbsent(machine(name).key, "after \(what)")
                continue
            }
            guard let answer, let expected else {
                note("\(what) answers \(answer == nil ? "nothing" : "with an object")")
                continue
            }
            expect(isSame(answer, expected), "\(what) gives \(String(decoding: answer.json, as: UTF8.self))")
            if let old, answer.metadata.resourceVersion == old.metadata.resourceVersion {
                expectSame(answer, old, "\(what) changes the object and not its version")
            } else {
                changes.append("\(old == nil ? "added" : "modified") \(name) \(answer.metadata.resourceVersion)")
            }
            if let old { expect(answer.metadata.uid == old.metadata.uid, "\(what) changes the uid") }
            model.there[name] = answer
            if let old, isSame(old, answer) {
                expect(old.metadata.resourceVersion == answer.metadata.resourceVersion, "\(what) changes the version and nothing else")
            }
        }
        let items = try await store.list(.virtualMachine, in: namespace).items
        expect(items == model.there.values.sorted { $0.metadata.name < $1.metadata.name }, "the list at the end is not what was answered")
        for change in changes where notes.count < 5 { try await expectNext(watch, change, "of a watch of what was done") }
        watch.stop()
    }

    /// But for what the store gives, and what a schema adds.
    private func isSame(_ first: APIObject, _ second: APIObject) -> Bool {
        tag(first) == tag(second) && (first.status["id"] ?? .null) == (second.status["id"] ?? .null)
            && first.metadata.labels == second.metadata.labels && first.metadata.finalizers == second.metadata.finalizers
            && first.metadata.generation == second.metadata.generation && first.metadata.isDeleting == second.metadata.isDeleting
    }
}
