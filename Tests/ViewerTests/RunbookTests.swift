import JSON
import Testing
import Web

@testable import Viewer

@Suite struct RunbookTests {
    private static let text = """
        # Runbook

        ## Hosts

        Words about all of them.

        ### HostDown

        **Meaning.** It is down; see [the other](#hostslow), [more](queries.md#x), [far](https://example.org/a) and [both](#a)[two](b.md).

        ```sh
        ### is a comment here, and [this](stays)
        uptime
        ```

        #### More

        Still of HostDown.

        ### HostSlow
        It is slow.

        ## Guests

        Words.
        """

    @Test func `each heading of the third level is an alert`() throws {
        let runbook = Runbook(Self.text)
        let home = "https://github.com/martlet-monitoring/martlet/blob/main/docs/"
        #expect(
            runbook.section("HostDown") == """
                **Meaning.** It is down; see [the other](\(home)runbook.md#hostslow), [more](\(home)queries.md#x), [far](https://example.org/a) and [both](\(home)runbook.md#a)[two](\(home)b.md).

                ```sh
                ### is a comment here, and [this](stays)
                uptime
                ```

                #### More

                Still of HostDown.
                """)
        #expect(runbook.section("HostSlow") == "It is slow.")
        #expect(runbook.section("Guests") == nil)
        #expect(runbook.section("Runbook") == nil)
    }

    @Test func `the program carries its own`() throws {
        let section = try #require(Runbook.shipped.section("HostDown"))
        #expect(section.hasPrefix("**Severity**"))
        #expect(!section.contains("\n### "))
        #expect(!PageFiles.shipped.contains { $0.name.hasSuffix(".md") })
    }

    @Test(arguments: [
        ("alert=HostDown", 200), ("alert=Foreign", 404), ("alert=", 404), ("", 400), ("name=HostDown", 400), ("alert=HostDown&a=b", 400),
    ])
    func `it answers of one alert`(_ query: String, _ status: Int) throws {
        let fields = query.split(separator: "&").map { $0.split(separator: "=", omittingEmptySubsequences: false).map(String.init) }
        let request = HTTPServerRequest(method: "GET", path: "/api/runbook", query: fields.map { ($0[0], $0[1]) })
        let response: HTTPServerResponse
        do throws(Refusal) { response = try Runbook(Self.text).answer(request) } catch { response = error.response }
        #expect(response.status == status)
    }
}
