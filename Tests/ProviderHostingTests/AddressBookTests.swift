import Metrics
import Primitives
import Testing

@testable import ProviderHosting

@Suite struct AddressBookTests {
    @Test func `An address counts only of a machine that was switched on, and once`() {
        let book = AddressBook(clock: .fixed(100))
        book.note("web1", addresses: 1)
        #expect(book.durations.count == 0)
    }
}
