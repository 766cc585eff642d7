import Objects
import ObjectStore
import Primitives

extension Trial {
    func watch() async throws {
        let before = try await store.create(machine("before"))
        let list = try await store.list(.virtualMachine, in: namespace)
        // From the list on, whether the watch begins before or after the change.
        let early = try await watch(.virtualMachine, namespace, from: list.resourceVersion)
        let made = try await store.create(machine("web1"))
        let changed = try await store.update(setTag("b", of: made))
        _ = try await store.create(vmClass("k"))
        var known = changed
        known.status = ["id": "100"]
        known = try await store.update(known, .status)
        _ = try await store.delete(made.key)
        let again = try await store.create(machine("web1"))
        let late = try await watch(.virtualMachine, namespace, from: list.resourceVersion)
        for (name, watch) in [("begun before", early), ("begun after", late)] {
            guard case .added(let first) = try await next(watch) else {
                note("a watch \(name) misses what was created")
                continue
            }
            expectSame(first, made, "a watch \(name) has another object than was answered")
            try await expectNext(watch, "modified web1 \(changed.metadata.resourceVersion)", "of a watch \(name)")
            try await expectNext(watch, "modified web1 \(known.metadata.resourceVersion)", "of a watch \(name)")
            guard case .deleted(let gone) = try await next(watch) else {
                note("a watch \(name) misses what was deleted")
                continue
            }
            expect(
                gone.metadata.uid == made.metadata.uid && gone.status["id"]?.text == "100",
                "what was deleted is not told with its last state")
            let versions = [before, made, changed, known, again].map(\.metadata.resourceVersion)
            expect(!versions.contains(gone.metadata.resourceVersion), "the end of an object has a version of its own")
            try await expectNext(watch, "added web1 \(again.metadata.resourceVersion)", "of a watch \(name)")

            // On from where another stopped.
            let resumed = try await self.watch(.virtualMachine, namespace, from: gone.metadata.resourceVersion)
            try await expectNext(resumed, "added web1 \(again.metadata.resourceVersion)", "of a watch from the end of an object on")
            resumed.stop()
        }
        let middle = try await watch(.virtualMachine, namespace, from: changed.metadata.resourceVersion)
        try await expectNext(middle, "modified web1 \(known.metadata.resourceVersion)", "of a watch from an object's version on")
        let new = try await watch(.virtualMachine, namespace, from: try await store.list(.virtualMachine, in: namespace).resourceVersion)
        let last = try await store.update(setTag("c", of: again))
        try await expectNext(new, "modified web1 \(last.metadata.resourceVersion)", "of a watch that begins now")
        for watch in [early, late, middle, new] { watch.stop() }
    }

    func watchNamespaces() async throws {
        let version = try await store.list(.virtualMachine).resourceVersion
        let here = try await watch(.virtualMachine, namespace, from: version)
        let there = try await watch(.virtualMachine, other, from: version)
        let everywhere = try await watch(.virtualMachine, nil, from: version)
        for number in 0..<10 { _ = try await store.create(machine("m\(number)", in: number.isMultiple(of: 3) ? namespace : other)) }
        _ = try await store.delete(machine("m1", in: other).key)
        _ = try await store.delete(machine("m0").key)

        func texts(_ watch: any ObjectWatch, _ count: Int) async throws -> String {
            var texts: [String] = []
            while texts.count < count, let event = try await next(watch) {
                guard let object = event.object, [namespace, other].contains(object.metadata.namespace) else { continue }
                texts.append(event.isDeletion ? "-\(object.metadata.name)" : object.metadata.name)
            }
            return texts.joined(separator: " ")
        }
        let (first, second, all) = (try await texts(here, 5), try await texts(there, 7), try await texts(everywhere, 12))
        expect(first == "m0 m3 m6 m9 -m0", "a watch of a namespace gives \(first)")
        expect(second == "m1 m2 m4 m5 m7 m8 -m1", "a watch of another namespace gives \(second)")
        expect(all == "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 -m1 -m0", "a watch of all namespaces gives \(all)")
        for watch in [here, there, everywhere] { watch.stop() }
    }

    func watchEnds() async throws {
        let version = try await store.list(.virtualMachine, in: namespace).resourceVersion
        let stopped = try await watch(.virtualMachine, namespace, from: version)
        let waiting = Task { try await events(of: stopped) }
        // Whether it waits already or not, it ends.
        await Task.yield()
        let stop = Deadline.after(seconds: limits.watchSeconds)
        stopped.stop()
        expect(try await waiting.value <= 1 && !stop.hasPassed, "a watch that was stopped goes on")
        expect(try await events(of: stopped) == 0 && !stop.hasPassed, "a watch that was stopped begins again")

        let cancelled = try await watch(.virtualMachine, namespace, from: version)
        let task = Task { try await events(of: cancelled) }
        await Task.yield()
        let cancel = Deadline.after(seconds: limits.watchSeconds)
        task.cancel()
        expect(try await task.value <= 1 && !cancel.hasPassed, "a watch whose task was cancelled goes on")
        // Who was cancelled has taken nothing with him.
        let made = try await store.create(machine("web1"))
        try await expectNext(cancelled, "added web1 \(made.metadata.resourceVersion)", "after a task that waited was cancelled")
        cancelled.stop()
    }

    /// Until it ends, or has gone on for longer than one that ends does: a bookmark may have been on its way.
    private func events(of watch: any ObjectWatch) async throws -> Int {
        var count = 0
        while count < 5, try await watch.next() != nil { count += 1 }
        return count
    }

    func bookmarks() async throws {
        guard let seconds = limits.bookmarkSeconds else { return }
        let version = try await store.list(.virtualMachine, in: namespace).resourceVersion
        let quiet = try await watch(.virtualMachine, namespace, from: version)
        // Of the kind, and not of the namespace.
        for number in 0..<5 { _ = try await store.create(machine("m\(number)", in: other)) }
        let event = try await next(quiet, seconds: 2 * seconds + limits.watchSeconds, bookmarks: true)
        guard case .bookmark(let seen) = event else { return note("a watch without news gives \(text(event)), must give a bookmark") }
        let made = try await store.create(machine("web1"))
        let resumed = try await watch(.virtualMachine, namespace, from: seen)
        try await expectNext(resumed, "added web1 \(made.metadata.resourceVersion)", "of a watch from a bookmark on")
        try await expectNext(quiet, "added web1 \(made.metadata.resourceVersion)", "after a bookmark")
        quiet.stop()
        resumed.stop()
    }
}

extension WatchEvent {
    var isDeletion: Bool { if case .deleted = self { true } else { false } }
}
