import Primitives
import ProviderRPC
import RPC
import Synchronization
import Testing

@testable import ProviderHosting

@Suite struct CensusBookTests {
    private static let facts = HostedProvider.LibvirtFacts(host: "h1", domains: ["running": 2, "shutoff": 0])

    @Test func `The last answer is shown for a minute, the host's name for ever`() {
        let (book, start) = (CensusBook(), ContinuousClock.now)
        #expect(book.facts(at: start) == nil && book.lastHost == nil && !book.hasFailed)
        book.note(Self.facts, at: start)
        #expect(book.facts(at: start + .seconds(60))?.domains == Self.facts.domains)
        #expect(book.facts(at: start + .seconds(60.1)) == nil)
        #expect(book.lastHost == "h1")
    }

    @Test func `No answer leaves the one before, and is told`() {
        let (book, start) = (CensusBook(), ContinuousClock.now)
        book.note(Self.facts, at: start)
        book.note(nil, at: start + .seconds(15))
        #expect(book.hasFailed && book.facts(at: start + .seconds(20))?.host == "h1")
        #expect(book.facts(at: start + .seconds(61)) == nil)
        book.note(Self.facts, at: start + .seconds(62))
        #expect(!book.hasFailed && book.facts(at: start + .seconds(62)) != nil)
    }

    private final class Hypervisor: Sendable {
        private let count = Mutex(0)
        let third = OneAnswer<ContinuousClock.Instant>()

        func answer() -> HostedProvider.LibvirtFacts {
            let count = count.withLock { count in
                count += 1
                return count
            }
            if count == 3 { third.give(.now) }
            return CensusBookTests.facts
        }
    }

    @Test(.timeLimit(.minutes(1))) func `It is asked again after its interval, until it is cancelled`() async {
        let (book, hypervisor, start) = (CensusBook(everySeconds: 0.02), Hypervisor(), ContinuousClock.now)
        let task = Task { await book.keep { _ in hypervisor.answer() } }
        let third = await hypervisor.third.value
        task.cancel()
        await task.value
        #expect(book.lastHost == "h1")
        #expect((third - start).seconds >= 0.04)
    }

    @Test(.timeLimit(.minutes(1))) func `An answer that comes after the cancellation is not kept`() async {
        let book = CensusBook()
        let (asked, answer) = (OneAnswer<Void>(), OneAnswer<Void>())
        let task = Task {
            await book.keep { _ in
                asked.give(())
                await answer.value
                return Self.facts
            }
        }
        await asked.value
        task.cancel()
        answer.give(())
        await task.value
        #expect(book.lastHost == nil && !book.hasFailed)
    }
}

@Suite struct CallBookTests {
    @Test func `Each method of the provider is counted from 0 on`() {
        let calls = CallBook().contents.calls
        #expect(Set(calls.keys.map(\.method)) == Set(ProviderMethod.allCases.map(\.rawValue)))
        #expect(calls.allSatisfy { $0.key.code == .ok && $0.value == 0 })
    }
}
