import ObjectStore
import Objects
import Testing
import TestSupport

@testable import Reconciling

@Suite struct `The cache of an informer` {
    /// A store with all that ever happened in it; who watches is behind it by as much as chance wants.
    private struct World {
        struct Event {
            let name: String
            let uid: String
            let version: String
            let isGone: Bool

            var object: APIObject { Thing.make(name, uid: uid, version: version, owner: "owner \(version)") }
        }

        var log: [Event] = []
        /// Which event an object's present state came with.
        var present: [String: Int] = [:]
        var versions = 0

        /// Versions whose order cannot be seen.
        mutating func version() -> String {
            versions += 1
            return "v\((versions * 7919) % 100_003)"
        }

        mutating func write(_ name: String) -> Event {
            let uid = present[name].map { log[$0].uid } ?? "uid of \(version())"
            return add(Event(name: name, uid: uid, version: version(), isGone: false))
        }

        mutating func delete(_ name: String) -> Event? {
            guard let place = present[name] else { return nil }
            return add(Event(name: name, uid: log[place].uid, version: version(), isGone: true))
        }

        private mutating func add(_ event: Event) -> Event {
            log.append(event)
            present[event.name] = event.isGone ? nil : log.count - 1
            return event
        }
    }

    /// A call that the store has answered, or has not yet.
    private struct Call {
        enum Kind { case write, delete, nothing, read }

        let number: Int
        let name: String
        let kind: Kind
        /// Of the store's log: how long it was when the call was answered, and what it answered.
        var answer: (place: Int, object: APIObject?, uid: String)?
        /// Failed: there was nothing to do.
        var isVoid = false
    }

    private static let names = ["a", "b", "c"]

    /// Readers never see less than what a write that has returned has written; handlers hear of each change in order; and in the end the cache
    /// is as the store.
    @Test(arguments: 0..<60) func `is never behind what was written through it`(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var (world, cache) = (World(), InformerCache<Thing>())
        var calls: [Call] = []
        // How far the watch has told, and a list that was asked for: its number, and where it was answered.
        var told = 0
        var list: (number: Int, place: Int?, items: [APIObject])?
        // What handlers know, and how new each name must be to readers at least.
        var heard: [ObjectName: Thing] = [:]
        var promised: [String: Int] = [:]
        // What readers must not see again.
        var gone: Set<String> = []
        // What a reader of the store did not find: who writes it and hears of that later is shown nothing.
        var missing: Set<String> = []
        let now = TestClock().now

        func hear(_ changes: [InformerCache<Thing>.Change]) {
            for change in changes {
                guard let name = (change.new ?? change.old)?.name else { continue }
                if let new = change.new {
                    #expect(heard[name]?.version == change.old?.version)
                    heard[name] = new
                } else {
                    #expect(heard[name] != nil)
                    heard[name] = nil
                }
            }
        }

        func step(_ choice: Int) {
            let name = Self.names.randomElement(using: &random) ?? "a"
            switch choice {
            case 0: _ = world.write(name)
            case 1: if Int.random(in: 0..<3, using: &random) == 0 { _ = world.delete(name) }
            case 2, 3:
                guard list == nil, told < world.log.count else { break }
                let event = world.log[told]
                told += 1
                hear(cache.tell(event.isGone ? .deleted(event.object) : .modified(event.object)).map { [$0] } ?? [])
            case 4:
                let kind = [Call.Kind.write, .write, .delete, .nothing].randomElement(using: &random) ?? .write
                calls.append(Call(number: cache.willWrite(.of(name)), name: name, kind: kind))
            case 5:
                guard let place = calls.indices.filter({ calls[$0].answer == nil && !calls[$0].isVoid }).randomElement(using: &random)
                else {
                    break
                }
                answer(&calls[place])
            case 6:
                guard let place = calls.indices.filter({ calls[$0].answer != nil || calls[$0].isVoid }).randomElement(using: &random) else {
                    break
                }
                end(calls.remove(at: place))
            case 7:
                guard Int.random(in: 0..<8, using: &random) == 0 else { break }
                if list == nil {
                    list = (cache.willList(), nil, [])
                } else if list?.place == nil {
                    list?.place = world.log.count
                    list?.items = world.present.values.map { world.log[$0].object }
                }
            default:
                guard let (number, place, items) = list, let place else { break }
                let listed = items.map { object in
                    let isKnown = cache.told(ObjectName(object.metadata))?.version == object.metadata.resourceVersion
                    return Listed(
                        name: ObjectName(object.metadata), version: object.metadata.resourceVersion, item: isKnown ? nil : Thing(object))
                }
                hear(cache.tell(listed, since: number))
                (told, list) = (place, nil)
                for name in cache.unsure { calls.append(Call(number: cache.willWrite(name), name: name.name, kind: .read)) }
            }
        }

        func answer(_ call: inout Call) {
            switch call.kind {
            case .write:
                let event = world.write(call.name)
                call.answer = (world.log.count, event.object, event.uid)
            case .delete:
                if let event = world.delete(call.name) { call.answer = (world.log.count, nil, event.uid) } else { call.isVoid = true }
            case .nothing:
                if let place = world.present[call.name] {
                    call.answer = (place + 1, world.log[place].object, world.log[place].uid)
                } else {
                    call.isVoid = true
                }
            case .read:
                let event = world.present[call.name].map { world.log[$0] }
                call.answer = (world.log.count, event?.object, event?.uid ?? "")
            }
        }

        func end(_ call: Call) {
            guard let (place, object, uid) = call.answer else { return cache.didNotWrite(call.number) }
            let name = ObjectName.of(call.name)
            let isSure =
                call.kind == .read
                ? cache.didRead(call.number, name, object, at: now) : cache.didWrite(call.number, name, object, uid: uid, at: now)
            if isSure, object == nil {
                gone.insert(uid)
                promised[call.name] = nil
                if call.kind == .read { missing.formUnion(world.log[..<place].filter { $0.name == call.name }.map(\.uid)) }
            } else if isSure, !gone.contains(uid), !missing.contains(uid) {
                promised[call.name] = max(promised[call.name] ?? 0, place)
            } else if !isSure {
                calls.append(Call(number: cache.willWrite(name), name: call.name, kind: .read))
            }
        }

        func check() {
            for name in Self.names {
                let seen = cache.items[.of(name)]
                #expect(seen.map { !gone.contains($0.uid) } ?? true, "\(name) was gone")
                guard let least = promised[name] else { continue }
                // The state that was promised, or a later one.
                let promised = world.log[..<least].last { $0.name == name }
                let allowed = [promised].compactMap { $0 } + world.log[least...].filter { $0.name == name }
                if let seen {
                    #expect(allowed.contains { $0.version == seen.version && !$0.isGone }, "\(name) is behind")
                } else {
                    #expect(promised == nil || allowed.contains(where: \.isGone), "\(name) is not there")
                }
            }
        }

        for _ in 0..<600 {
            step(Int.random(in: 0..<9, using: &random))
            check()
        }
        // Nothing more happens but what is under way.
        while !calls.isEmpty || list != nil || told < world.log.count {
            if list != nil, list?.place == nil {
                list?.place = world.log.count; list?.items = world.present.values.map { world.log[$0].object }
            }
            for choice in [5, 6, 2, 8] { step(choice) }
            check()
        }
        for name in Self.names { #expect(cache.items[.of(name)]?.version == world.present[name].map { world.log[$0].version }) }
        #expect(cache.written.isEmpty)
        #expect(heard.mapValues(\.version) == cache.items.mapValues(\.version))
    }

    @Test func `shows again what was told when what was written is never told of`() {
        var cache = InformerCache<Thing>()
        let now = TestClock().now
        _ = cache.tell(.added(Thing.make("a", uid: "1", version: "x")))
        let write = cache.willWrite(.of("a"))
        let isSure = cache.didWrite(write, .of("a"), Thing.make("a", uid: "1", version: "y"), uid: "1", at: now)
        #expect(isSure)
        #expect(cache.items[.of("a")]?.version == "y")
        let early = cache.dropWritten(before: now)
        #expect(early.isEmpty)
        let late = cache.dropWritten(before: now.advanced(by: .seconds(1)))
        #expect(late == [.of("a")])
        #expect(cache.items[.of("a")]?.version == "x")
    }

    @Test func `decodes what was written once`() {
        var cache = InformerCache<Thing>()
        let write = cache.willWrite(nil)
        let object = Thing.make("a", uid: "1", version: "x")
        _ = cache.didWrite(write, .of("a"), object, uid: "1", at: TestClock().now)
        let change = cache.tell(.added(object))
        #expect(change?.old == nil)
        #expect(change?.new?.version == "x")
        let again = cache.tell(.modified(object))
        #expect(again == nil)
    }
}
