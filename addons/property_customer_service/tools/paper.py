"""Where the pages of a printed form break: the printer cuts tables wherever a page ends, so they are parted before."""
from math import ceil
from unicodedata import east_asian_width


class Paper:
    """Counts what is left of a page, in rows of a table.

    :param float first: rows that fit under the heading of the first page
    :param float rest: rows that fit on each page after it
    """

    def __init__(self, first, rest):
        self.room = first
        self.rest = rest

    def place(self, height):
        """:return: whether a page break comes before something of that height, which is not parted"""
        breaks = self.room < height
        if breaks:
            self.room = self.rest
        self.room -= height
        return breaks

    def part(self, items, height, head):
        """Part the rows of a table into tables that each fit on a page.

        :param function height: of an item, in rows
        :param float head: the height of the table's head and title
        :return: list of (whether a page break comes before it, list of items)
        """
        parts = []
        for item in items:
            needed = height(item)
            if not parts or self.room < needed:
                if parts:
                    self.room = 0
                parts.append((self.place(head + needed), [item]))
            else:
                self.room -= needed
                parts[-1][1].append(item)
        return parts


def lines(text, width):
    """:return: on how many lines of ``width`` half-width characters the text stands, 1 at least"""
    return max(1, ceil(sum(2 if east_asian_width(character) in 'WF' else 1 for character in text) / width))
