import Glibc
import Primitives
import Testing

@testable import GPUCollector

@Suite struct ReaderSupervisorTests {
    /// Holds on to a supervisor for as long as `body` runs, and waits until its helper is gone.
    private func with(_ supervisor: ReaderSupervisor, _ helper: ScriptedHelper, _ body: (CardBook) -> Void) {
        supervisor.hold(.silent)
        body(supervisor.book)
        supervisor.release()
        #expect(eventually { helper.pids.allSatisfy { kill($0, 0) != 0 } }, "all helpers have gone, and nobody is a zombie")
    }

    @Test func `what a helper says is known`() throws {
        let helper = try ScriptedHelper()
        let supervisor = try helper.supervisor(
            "say hello; say card; echo garbage; exec sleep 60",
            lines: ["hello": ScriptedHelper.hello(["GPU-1"]), "card": ScriptedHelper.card("GPU-1")])
        with(supervisor, helper) { book in
            #expect(eventually { book.view.cards.count == 1 && book.view.reader.badLines == 1 })
            let view = book.view
            #expect(view.reader.isUp && view.reader.code == .success && view.reader.restarts == 0)
            #expect(view.cards.first?.sample.facts[.power] == 300)
        }
        #expect(!supervisor.book.view.reader.isUp)
    }

    @Test func `a helper that dies is followed by another`() throws {
        let helper = try ScriptedHelper()
        let supervisor = try helper.supervisor(
            "say hello; say card; [ $(wc -l < pids) -gt 1 ] && exec sleep 60; kill -SEGV $$",
            lines: ["hello": ScriptedHelper.hello(["GPU-1"]), "card": ScriptedHelper.card("GPU-1")])
        with(supervisor, helper) { book in
            #expect(eventually { book.view.reader.restarts == 1 && book.view.reader.isUp })
            #expect(book.view.cards.count == 1)
        }
    }

    @Test func `a call that hangs ends its helper, and the next has more patience`() throws {
        let helper = try ScriptedHelper()
        let stuck = ReaderLine.stuck(ReaderLine.StuckCall(uuid: "GPU-1", call: "nvmlDeviceGetPowerUsage", seconds: 0.8))
        let supervisor = try helper.supervisor(
            "say hello; say card; say stuck; exec sleep 60",
            lines: ["hello": ScriptedHelper.hello(["GPU-1", "GPU-2"]), "card": ScriptedHelper.card("GPU-2", index: 1), "stuck": stuck])
        with(supervisor, helper) { book in
            #expect(eventually { book.view.reader.restarts == 1 })
            // It is granted a whole second now.
            usleep(600_000)
            #expect(helper.pids.count == 2)
            #expect(book.view.reader.isUp)
        }
    }

    @Test func `a helper that says nothing is killed`() throws {
        let helper = try ScriptedHelper()
        let supervisor = try helper.supervisor("exec sleep 60", silence: 0.3)
        with(supervisor, helper) { _ in #expect(eventually { helper.pids.count == 2 }) }
    }

    @Test func `no library: known at once, asked for once a minute`() throws {
        let helper = try ScriptedHelper()
        let supervisor = try helper.supervisor("say hello", lines: ["hello": ScriptedHelper.hello([], code: 12)])
        with(supervisor, helper) { book in
            #expect(eventually { book.view.reader.code == .libraryNotFound })
            usleep(1_500_000)
            #expect(helper.pids.count == 1)
        }
    }

    @Test func `a helper that wants to be followed is, after a second`() throws {
        let helper = try ScriptedHelper()
        let supervisor = try helper.supervisor(
            "say hello; [ $(wc -l < pids) -gt 1 ] && exec sleep 60; say end",
            lines: ["hello": ScriptedHelper.hello(["GPU-1"]), "end": .end(code: 18, call: "nvmlDeviceGetName")])
        with(supervisor, helper) { book in
            #expect(eventually { book.view.reader.code == .versionMismatch })
            #expect(eventually { book.view.reader.code == .success && book.view.reader.isUp })
        }
    }

    @Test func `a program that is not there is a failure and no more`() throws {
        let supervisor = ReaderSupervisor(ReaderSupervisor.Options(program: "/nonexistent/martlet", arguments: [], environment: [:]))
        supervisor.hold(.silent)
        #expect(eventually { supervisor.book.view.reader.code == .unknown })
        #expect(supervisor.book.view.reader.reason.contains("/nonexistent/martlet"))
        supervisor.release()
    }

    @Test func `who takes over keeps the helper`() throws {
        let helper = try ScriptedHelper()
        let supervisor = try helper.supervisor("say hello; exec sleep 60", lines: ["hello": ScriptedHelper.hello(["GPU-1"])])
        with(supervisor, helper) { book in
            #expect(eventually { book.view.reader.isUp })
            // As a reload does, in the worse order.
            supervisor.release()
            usleep(300_000)
            supervisor.hold(.silent)
            usleep(1_500_000)
            #expect(helper.pids.count == 1)
            #expect(book.view.reader.isUp)
        }
    }
}
