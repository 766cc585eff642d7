import Objects
import ObjectStore
import Synchronization

extension Trial {
    /// As a count is said in MiB of memory, of which a schema wants some.
    private static let nothing: Int64 = 1024

    private func count(_ object: APIObject) -> Int64 { (object.spec["resources"]?["memoryMiB"]?.whole ?? Self.nothing) - Self.nothing }

    private func counting(_ object: APIObject, _ count: Int64) -> APIObject {
        var changed = object
        var spec = changed.spec.members ?? ObjectMembers()
        spec["resources"] = ["memoryMiB": .whole(Self.nothing + count)]
        changed.spec = .members(spec)
        return changed
    }

    /// Adds one by reading and writing what was read, until nobody else was faster.
    private func addOne(_ key: ObjectKey) async throws(StoreError) {
        while true {
            let now = try await store.get(key)
            do throws(StoreError) {
                _ = try await store.update(counting(now, count(now) + 1))
                return
            } catch  where error.reason == .conflict {
                continue
            }
        }
    }

    func writers() async throws {
        let made = try await store.create(machine("counter"))
        let watch = try await watch(.virtualMachine, namespace, from: made.metadata.resourceVersion)
        let total = Int64(limits.writers * limits.changes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<limits.writers {
                group.addTask { [self] in
                    for _ in 0..<limits.changes { try await addOne(made.key) }
                }
            }
            try await group.waitForAll()
        }
        let last = try await store.get(made.key)
        expect(count(last) == total, "of \(total) changes by \(limits.writers) writers \(count(last)) are there")
        expect(last.metadata.generation == total + 1, "after \(total) changes the generation is \(last.metadata.generation)")
        // A state follows the one before; a server may leave out some for one who is slow, but goes neither back nor to an end that is none.
        var seen: Int64 = 0
        while seen < total, let event = try await next(watch) {
            guard case .modified(let object) = event else { return note("a watch of updates gives \(text(event))") }
            guard count(object) > seen else { return note("a watch gives state \(count(object)) after \(seen)") }
            seen = count(object)
        }
        expect(seen == total, "a watch ends at state \(seen) of \(total)")
        watch.stop()
    }

    func watchers() async throws {
        let version = try await store.list(.virtualMachine, in: namespace).resourceVersion
        let names = (0..<10).map { "m\($0)" }
        let watches = Mutex<[any ObjectWatch]>([])
        let states = try await withThrowingTaskGroup(of: [String: String]?.self) { group in
            for number in 0..<5 {
                let watch = try await watch(.virtualMachine, namespace, from: version)
                watches.withLock { $0.append(watch) }
                group.addTask { [self] in try await follow(watch, isSlow: number == 0) }
            }
            for worker in 0..<4 {
                group.addTask { [self] in
                    var state = UInt64(worker) &* 77 &+ 1
                    for step in 0..<limits.changes * 5 {
                        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                        try await change(names[Int((state >> 33) % 10)], step, deletes: (state >> 50) % 4 == 0)
                    }
                    return nil
                }
            }
            for _ in 0..<4 { _ = try await group.next() }
            _ = try await store.create(machine("the-end"))
            var states: [[String: String]] = []
            for try await state in group { if let state { states.append(state) } }
            return states
        }
        for watch in watches.withLock({ $0 }) { watch.stop() }
        let items = try await store.list(.virtualMachine, in: namespace).items
        let there = Dictionary(uniqueKeysWithValues: items.map { ($0.metadata.name, $0.metadata.resourceVersion) })
        expect(states.count == 5, "of 5 watches \(states.count) came to the end")
        for state in states { expect(state == there, "a watch ends with \(state.sorted(by: <)), the list with \(there.sorted(by: <))") }
    }

    /// Creates, changes or deletes it, whichever can be done.
    private func change(_ name: String, _ step: Int, deletes: Bool) async throws(StoreError) {
        do throws(StoreError) {
            let now = try await store.get(machine(name).key)
            if deletes {
                _ = try await store.delete(now.key)
            } else {
                _ = try await store.update(setTag("s\(step)-\(now.metadata.generation)", of: now))
            }
        } catch  where error.reason == .notFound {
            do throws(StoreError) {
                _ = try await store.create(machine(name))
            } catch  where error.reason == .alreadyExists {
            }
        } catch  where error.reason == .conflict {
        }
    }

    /// What a watch says is there, name and version, when the end comes.
    private func follow(_ watch: any ObjectWatch, isSlow: Bool) async throws -> [String: String] {
        var there: [String: String] = [:]
        var lives: [String: String] = [:]
        while let event = try await next(watch) {
            if isSlow { await Task.yield() }
            guard let metadata = event.object?.metadata else { continue }
            switch event {
            case .added:
                expect(lives.updateValue(metadata.uid, forKey: metadata.name) == nil, "\(metadata.name) is added and was there")
                there[metadata.name] = metadata.resourceVersion
            case .modified:
                expect(lives[metadata.name] == metadata.uid, "\(metadata.name) is modified and was not there")
                expect(there[metadata.name] != metadata.resourceVersion, "\(metadata.name) comes twice with one version")
                there[metadata.name] = metadata.resourceVersion
            case .deleted:
                expect(lives.removeValue(forKey: metadata.name) == metadata.uid, "\(metadata.name) is deleted and was not there")
                there[metadata.name] = nil
            case .bookmark: break
            }
            if metadata.name == "the-end" { break }
        }
        return there
    }

    func rivals() async throws {
        for round in 0..<5 {
            let outcomes = await withTaskGroup(of: String.self) { group in
                for _ in 0..<limits.writers {
                    group.addTask { [self] in
                        do throws(StoreError) {
                            return try await store.create(machine("one\(round)")).metadata.uid
                        } catch {
                            return error.reason.rawValue
                        }
                    }
                }
                var outcomes: [String] = []
                for await outcome in group { outcomes.append(outcome) }
                return outcomes
            }
            let winners = outcomes.filter { $0 != StoreError.Reason.alreadyExists.rawValue }
            expect(winners.count == 1, "of \(limits.writers) who create one object these do: \(winners)")
            expect(try await store.get(machine("one\(round)").key).metadata.uid == winners.first, "it is another one's object")
            let gone = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<limits.writers {
                    group.addTask { [self] in
                        await refusal { () throws(StoreError) in _ = try await store.delete(machine("one\(round)").key) } == nil
                    }
                }
                var count = 0
                for await isGone in group where isGone { count += 1 }
                return count
            }
            expect(gone == 1, "of \(limits.writers) who delete one object \(gone) do")
        }
    }
}
