// Where links lead: to boards that are there.

import { facts } from "../api.js";
import { safeURL, withRange } from "../state.js";

export const boardPath = (uid) => `/d/${encodeURIComponent(uid)}`;

/** The board's address with the range kept; null when there is no such board, or the address is not one of a board. */
export const boardLink = (address) => {
  const url = safeURL(address ?? "");
  const uid = /^\/d\/([^/]+)/.exec(url?.pathname)?.[1];
  return uid && facts.boards?.some((board) => boardPath(board.uid) === `/d/${uid}`) ? withRange(url.pathname + url.search) : null;
};

/** A board's links for a menu; one of tags leads to every other board that has them all. */
export const linksOf = ({ uid, links }) => links.flatMap((link) => {
  const { title, url, tags, keepTime, newTab } = link;
  const all = tags ? (facts.boards ?? []).filter((board) => board.uid !== uid && tags.every((tag) => board.tags.includes(tag))).map((board) => [board.title, boardPath(board.uid) + url])
    : [[title, url]];
  return all.map(([words, address]) => ({ words, href: keepTime && safeURL(address)?.origin === location.origin ? withRange(address) : address, newTab }));
});
