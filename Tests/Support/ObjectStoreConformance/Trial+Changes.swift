import Objects
import ObjectStore

extension Trial {
    func update() async throws {
        let made = try await store.create(machine("web1"))
        var wanted = setTag("b", of: made)
        wanted.metadata.labels = ["app": "web"]
        wanted.metadata.creationTimestamp = "2001-01-01T00:00:00Z"
        wanted.metadata.generation = 99
        wanted.status = ["id": "100"]
        let changed = try await store.update(wanted)
        expect(changed.metadata.uid == made.metadata.uid, "an update changes the uid")
        expect(changed.metadata.creationTimestamp == made.metadata.creationTimestamp, "an update changes the creationTimestamp")
        expect(changed.metadata.resourceVersion != made.metadata.resourceVersion, "an update keeps the resourceVersion")
        expect(changed.metadata.labels == ["app": "web"] && tag(changed) == "b", "an update is not what was asked for")
        expect(changed.content["status"]?.members?.isEmpty ?? true, "an update of the object changes its status")
        expectSame(try await store.get(made.key), changed, "what is read is not what was answered")

        // What an object had and the new one has not is gone.
        var fewer = changed
        fewer.metadata.labels = [:]
        var spec = fewer.spec.members ?? ObjectMembers()
        spec["imageRef"] = nil
        fewer.spec = .members(spec)
        let less = try await store.update(fewer)
        expect(less.metadata.labels.isEmpty && less.spec["imageRef"] == nil, "an update leaves what is not said any more")

        var dated = less
        dated.metadata.deletionTimestamp = "2001-01-01T00:00:00Z"
        // kube-apiserver refuses it; to take no notice of it is as good.
        _ = await refusal { () throws(StoreError) in _ = try await store.update(dated) }
        expect(try await store.get(made.key).metadata.deletionTimestamp == nil, "an update sets a deletionTimestamp")
        await expectRefusal(.notFound, what: "updating what is not there") { () throws(StoreError) in
            _ = try await store.update(machine("web9"))
        }
        await expectAbsent(machine("web9").key, "that was updated and never created")
    }

    func conflicts() async throws {
        let made = try await store.create(machine("web1"))
        let changed = try await store.update(setTag("b", of: made))
        for part in [ObjectPart.main, .status] {
            await expectRefusal(.conflict, what: "an update of an earlier state (\(part))") { () throws(StoreError) in
                _ = try await store.update(setTag("c", of: made), part)
            }
        }
        var another = changed
        another.metadata.uid = "00000000-0000-4000-8000-000000000000"
        await expectRefusal(.conflict, what: "an update of an object with another uid") { () throws(StoreError) in
            _ = try await store.update(setTag("c", of: another))
        }
        another.metadata.resourceVersion = ""
        await expectRefusal(.conflict, what: "an update of an object with another uid, in any state,") { () throws(StoreError) in
            _ = try await store.update(setTag("c", of: another))
        }
        expectSame(try await store.get(made.key), changed, "an update that was refused changed something")
        var any = setTag("d", of: made)
        any.metadata.resourceVersion = ""
        expect(tag(try await store.update(any)) == "d", "an update of any state does nothing")

        // The same name, another object: what was read before is not meant for it.
        _ = try await store.delete(made.key)
        let second = try await store.create(machine("web1"))
        expect(second.metadata.uid != made.metadata.uid, "two objects have one uid")
        expect(
            ![made, changed].map(\.metadata.resourceVersion).contains(second.metadata.resourceVersion), "a resourceVersion is given twice")
        await expectRefusal(.conflict, what: "an update of an object that is gone, whose name another has,") { () throws(StoreError) in
            _ = try await store.update(any)
        }
    }

    func noChange() async throws {
        let made = try await store.create(machine("web1"))
        let watch = try await watch(.virtualMachine, namespace, from: made.metadata.resourceVersion)
        expectSame(try await store.update(made), made, "an update without a change changes something")
        var said = made
        said.metadata.generation = 50
        said.metadata.creationTimestamp = ""
        said.metadata.uid = ""
        said.metadata.resourceVersion = ""
        // A status that is said here is not taken, but kube-apiserver 1.20 notes in managedFields who said it, and that is a change.
        expectSame(try await store.update(said), made, "an update of what only the store gives changes something")
        var status = made
        status.status = ["id": "100"]
        let first = try await store.update(status, .status)
        expect(first.metadata.resourceVersion != made.metadata.resourceVersion, "a new status is no change")
        status.metadata.resourceVersion = ""
        expectSame(try await store.update(status, .status), first, "the same status is a change")
        let last = try await store.update(setTag("b", of: first))
        try await expectNext(watch, "modified web1 \(first.metadata.resourceVersion)", "after updates that change nothing")
        try await expectNext(watch, "modified web1 \(last.metadata.resourceVersion)", "after a status that changes nothing")
        watch.stop()
    }

    func generation() async throws {
        var object = try await store.create(machine("web1"))
        func expectGeneration(_ expected: Int64, _ what: String) {
            expect(object.metadata.generation == expected, "\(what) the generation is \(object.metadata.generation), must be \(expected)")
        }
        object.metadata.labels = ["a": "b"]
        object.metadata.annotations = ["a": "b"]
        object = try await store.update(object)
        expectGeneration(1, "after new labels")
        object.status = ["id": "100"]
        object = try await store.update(object, .status)
        expectGeneration(1, "after a new status")
        object = try await store.update(setTag("b", of: object))
        expectGeneration(2, "after a new spec")
        object.metadata.generation = 1
        object = try await store.update(setTag("c", of: object))
        expectGeneration(3, "after a second new spec")
        object = try await store.update(object)
        expectGeneration(3, "after nothing new")
        object.metadata.finalizers = ["example.com/a"]
        object = try await store.update(object)
        expectGeneration(3, "after a finalizer")
        // That it is to go is wanted too.
        guard let deleted = try await store.delete(object.key) else { return note("an object with a finalizer is gone") }
        object = deleted
        expectGeneration(4, "after it was deleted")
        try await sweep(object.key)
    }

    func status() async throws {
        let made = try await store.create(machine("web1"))
        var wanted = setTag("b", of: made)
        wanted.metadata.labels = ["a": "b"]
        wanted.metadata.finalizers = ["example.com/a"]
        wanted.status = ["id": "100", "ips": ["192.0.2.1"]]
        let known = try await store.update(wanted, .status)
        var expected = made
        expected.metadata.resourceVersion = known.metadata.resourceVersion
        expected.status = wanted.status
        expectSame(known, expected, "a new status changes something else")
        expect(known.metadata.resourceVersion != made.metadata.resourceVersion, "a new status keeps the resourceVersion")
        expectSame(try await store.get(made.key), known, "what is read is not what was answered")

        var changed = setTag("c", of: known)
        changed.content["status"] = nil
        let main = try await store.update(changed)
        expect(main.status == known.status, "an update of the object without a status takes its status away")
        var fewer = main
        fewer.status = ["id": "100"]
        expect(try await store.update(fewer, .status).status["ips"] == nil, "a new status leaves what is not said any more")
        await expectRefusal(.notFound, what: "the status of what is not there") { () throws(StoreError) in
            _ = try await store.update(machine("web9"), .status)
        }
    }

    func delete() async throws {
        let made = try await store.create(machine("web1"))
        expect(try await store.delete(made.key) == nil, "an object without finalizers is still there when it was deleted")
        await expectAbsent(made.key, "when it was deleted")
        expect(try await store.list(.virtualMachine, in: namespace).items.isEmpty, "what was deleted is in the list")
        await expectRefusal(.notFound, what: "deleting what is gone") { () throws(StoreError) in _ = try await store.delete(made.key) }
        await expectRefusal(.notFound, what: "updating what is gone") { () throws(StoreError) in _ = try await store.update(made) }
        await expectRefusal(.notFound, what: "the status of what is gone") { () throws(StoreError) in
            _ = try await store.update(made, .status)
        }
        let second = try await store.create(machine("web1"))
        expect(second.metadata.uid != made.metadata.uid, "two objects have one uid")
        expect(second.metadata.generation == 1, "a new object has the generation of the one before")
    }

    func finalizers() async throws {
        var wanted = machine("web1")
        wanted.metadata.finalizers = ["example.com/a", "example.com/b"]
        let made = try await store.create(wanted)
        let watch = try await watch(.virtualMachine, namespace, from: made.metadata.resourceVersion)
        guard let going = try await store.delete(made.key) else { return note("an object with finalizers is gone when it was deleted") }
        expect(
            going.metadata.deletionTimestamp.map(isRecent) == true,
            "the deletionTimestamp is \(going.metadata.deletionTimestamp ?? "absent")")
        expect(going.metadata.resourceVersion != made.metadata.resourceVersion, "being deleted keeps the resourceVersion")
        expect(going.metadata.finalizers == wanted.metadata.finalizers, "deleting takes finalizers away")
        expectSame(try await store.get(made.key), going, "what is read is not what was answered")
        if let again = try await store.delete(made.key) {
            expectSame(again, going, "deleting it again changes something")
        } else {
            note("deleting it again takes it away with its finalizers")
        }
        await expectRefusal(.alreadyExists, what: "creating what is on its way out") { () throws(StoreError) in
            _ = try await store.create(machine("web1"))
        }

        var more = going
        more.metadata.finalizers.append("example.com/c")
        await expectRefusal(.invalid, .forbidden, what: "a new finalizer of an object that is being deleted") { () throws(StoreError) in
            _ = try await store.update(more)
        }
        var undone = setTag("b", of: going)
        undone.metadata.deletionTimestamp = nil
        let kept = try await store.update(undone)
        expect(kept.metadata.deletionTimestamp == going.metadata.deletionTimestamp, "an update takes the deletionTimestamp away")
        expect(tag(kept) == "b", "an object that is being deleted takes no update")
        var fewer = kept
        fewer.metadata.finalizers = ["example.com/b"]
        fewer = try await store.update(fewer)
        expect(fewer.metadata.finalizers == ["example.com/b"], "a finalizer is not taken away")
        var status = fewer
        status.status = ["id": "100"]
        status.metadata.finalizers = []
        let known = try await store.update(status, .status)
        expect(known.metadata.finalizers == ["example.com/b"], "a status takes a finalizer away")
        var last = known
        last.metadata.finalizers = []
        _ = try await store.update(last)
        await expectAbsent(made.key, "when its last finalizer is gone")

        for (event, version) in [(going, "being deleted"), (kept, "an update"), (fewer, "a finalizer less"), (known, "a status")] {
            try await expectNext(watch, "modified web1 \(event.metadata.resourceVersion)", "of \(version)")
        }
        guard case .deleted(let gone) = try await next(watch) else { return note("the end of an object does not come to a watch") }
        expect(gone.metadata.uid == made.metadata.uid && tag(gone) == "b", "the end of an object is not told with its last state")
        expect(gone.metadata.resourceVersion != known.metadata.resourceVersion, "the end of an object has the version of its last state")
        watch.stop()

        // Whose finalizers are gone before it is deleted goes at once.
        var kind = vmClass("k")
        kind.metadata.finalizers = ["example.com/a"]
        kind = try await store.create(kind)
        kind.metadata.finalizers = []
        kind = try await store.update(kind)
        expect(try await store.delete(kind.key) == nil, "an object whose finalizers were taken away is still there when it was deleted")
    }

    func preconditions() async throws {
        let made = try await store.create(machine("web1"))
        let changed = try await store.update(setTag("b", of: made))
        let wrong = [
            DeletePrecondition(uid: "00000000-0000-4000-8000-000000000000"),
            DeletePrecondition(resourceVersion: made.metadata.resourceVersion),
            DeletePrecondition(uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion),
        ]
        for precondition in wrong {
            await expectRefusal(.conflict, what: "deleting another state or object") { () throws(StoreError) in
                _ = try await store.delete(made.key, precondition)
            }
        }
        expectSame(try await store.get(made.key), changed, "what was not meant changed")
        let right = DeletePrecondition(uid: made.metadata.uid, resourceVersion: changed.metadata.resourceVersion)
        expect(try await store.delete(made.key, right) == nil, "what was meant is still there")
        await expectAbsent(made.key, "when it was deleted")
    }
}
