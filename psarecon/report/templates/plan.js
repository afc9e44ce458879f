
"use strict";
// Sorting and filtering. Without this script the page is complete, only not as handy.
(() => {
  const order = new Intl.Collator(undefined, {numeric: true});
  const money = new Intl.NumberFormat("en-US", {minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero"});

  function value(row, column) {
    const cell = row.cells[column];
    return "v" in cell.dataset ? Number(cell.dataset.v) : cell.textContent;
  }

  function compare(one, other) {
    return typeof one === "number" ? one - other : order.compare(one, other);
  }

  function sort(table, header, column) {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = Array.from(table.tBodies[0].rows, row => [value(row, column), row]);
    rows.sort((one, other) => (down ? -1 : 1) * compare(one[0], other[0]));
    table.tBodies[0].append(...rows.map(row => row[1]));
  }

  function sortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent || "Risk";
      button.addEventListener("click", () => sort(table, header, column));
      header.replaceChildren(button);
    });
  }

  function filterable(tools, table) {
    const [words, risk, told] = [tools.querySelector("input"), tools.querySelector("select"), tools.querySelector("output")];
    const rows = Array.from(table.tBodies[0].rows, row => ({row, text: row.textContent.toLowerCase(), risk: row.cells[0].textContent}));
    const cost = Array.from(table.tHead.rows[0].cells, cell => cell.textContent).indexOf("Cost/month");

    function filter() {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const kept = rows.filter(one => {
        const fits = (!risk.value || (one.risk || "-") === risk.value) && wanted.every(word => one.text.includes(word));
        one.row.hidden = !fits;
        return fits;
      });
      const sum = kept.reduce((total, one) => total + Math.round(value(one.row, cost) * 100), 0) / 100;
      told.textContent = `${kept.length.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} shown, ${money.format(sum)} cost a month`;
    }

    words.addEventListener("input", filter);
    risk.addEventListener("input", filter);
    tools.hidden = false;
    filter();
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    filterable(table.parentElement.previousElementSibling, table);
    sortable(table);
  }
})();
