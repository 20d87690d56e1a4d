// What HTML cannot say by itself: open and close the dialog, keep what was typed, send on Enter.
"use strict";
(() => {
  // ---- a newcomer's time zone is their browser's, until they choose another
  const zone = document.querySelector("[data-own-zone] select");
  const own = zone && Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (own && own.includes("/")) {
    // The browser may know an older spelling (Asia/Calcutta) than the list does.
    if (![...zone.options].some((option) => option.value === own)) zone.prepend(new Option(own, own));
    zone.value = own;
  }
  const alone = zone && !document.querySelector(".people");
  if (alone) document.querySelector(".newcomer input[type=text]").focus();

  const dialog = document.getElementById("dialog");
  if (!dialog) return;
  const content = document.getElementById("dialog-content");

  // ---- drafts: what was filled in and not sent survives Esc, a reload and another page of this tab
  const filledIn = (form) =>
    [...form.elements].filter((field) => field.name && !["hidden", "submit", "password"].includes(field.type));
  const nameOf = (field) => (field.type === "checkbox" ? `${field.name}=${field.value}` : field.name);
  const stands = (field) => (field.type === "checkbox" ? field.checked : field.value);
  const stoodAtFirst = (field) => {
    if (field.type === "checkbox") return field.defaultChecked;
    if (field.tagName !== "SELECT") return field.defaultValue;
    return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "";
  };
  const isChanged = (form) => filledIn(form).some((field) => stands(field) !== stoodAtFirst(field));
  const isWritten = (field) => field.tagName === "TEXTAREA" || (field.tagName === "INPUT" && field.type !== "checkbox");
  const cameFilledIn = (form) => filledIn(form).some((field) => isWritten(field) && field.defaultValue);
  const draftKey = (form) => "draft " + form.dataset.draft;
  const dropDraft = (form) => sessionStorage.removeItem(draftKey(form));
  const keepDraft = (form) => {
    // What came back with remarks or faults is a draft, too, when nothing in it was changed since.
    if (!isChanged(form) && !cameFilledIn(form)) return dropDraft(form);
    const kept = Object.fromEntries(filledIn(form).map((field) => [nameOf(field), stands(field)]));
    sessionStorage.setItem(draftKey(form), JSON.stringify(kept));
  };
  // All of it or nothing: words without the tick that was set with them would name who wrote them.
  const restoreDraft = (form) => {
    const kept = JSON.parse(sessionStorage.getItem(draftKey(form)) || "null");
    if (!kept || cameFilledIn(form)) return;
    const fields = filledIn(form);
    const takes = (field) =>
      nameOf(field) in kept &&
      (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === kept[field.name]));
    if (Object.keys(kept).length !== fields.length || !fields.every(takes)) return;
    for (const field of fields) {
      if (field.type === "checkbox") field.checked = kept[nameOf(field)];
      else field.value = kept[field.name];
    }
  };

  // ---- the dialog is open exactly while it has content
  let sentDraft = "";
  let known = null; // the posts that were there when a form was sent: a new one is what it made
  const settleDialog = () => {
    const filled = content.firstElementChild !== null;
    const form = document.getElementById("dialog-form");
    if (sentDraft && (!form || draftKey(form) !== sentDraft)) {
      sessionStorage.removeItem(sentDraft); // it was taken: nothing to keep
      sentDraft = "";
    }
    if (filled && !dialog.open) {
      if (form) restoreDraft(form);
      dialog.showModal();
    } else if (!filled && dialog.open) {
      dialog.close();
    }
    if (!filled) return;
    known = null; // a form came back: nothing was posted yet
    const first =
      content.querySelector("[aria-invalid=true]") ||
      (content.contains(document.activeElement) && document.activeElement.closest("form")) ||
      content.querySelector(".field input, .field textarea, .field select, fieldset input") ||
      document.getElementById("dialog-title");
    if (first && first.tagName !== "FORM") {
      (first.tagName === "FIELDSET" ? first.querySelector("input") : first).focus();
    }
  };
  new MutationObserver(settleDialog).observe(content, { childList: true, subtree: true });
  dialog.addEventListener("close", () => {
    sentDraft = "";
    if (content.firstElementChild) content.replaceChildren();
  });
  if (content.firstElementChild) settleDialog();

  // ---- clicks
  document.addEventListener("click", (event) => {
    const closing = event.target.closest("[data-close]");
    if (closing?.dataset.close === "drop") dropDraft(closing.form);
    if (closing) dialog.close();
    const dismissed = event.target.closest("[data-dismiss]");
    if (dismissed) {
      const room = dismissed.closest(".note-room, #problem");
      room.replaceChildren();
      const text = room.parentElement.querySelector("textarea[data-enter]");
      if (text) text.focus();
    }
  });

  // ---- typing
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (!event.target.matches("textarea[data-enter]")) return;
    event.preventDefault();
    if (event.target.value.trim()) event.target.form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length || event.clipboardData.getData("text")) return;
    if (!event.target.matches("textarea, input")) return;
    event.preventDefault();
    tell("Amends keeps words and links only, so the picture is not saved. Put it where your team can open it, and paste the link to it here.");
  });
  document.addEventListener("input", (event) => {
    if (event.target.form?.dataset.draft) keepDraft(event.target.form);
  });
  document.getElementById("you").addEventListener("change", (event) => event.target.form.submit());
  document.querySelectorAll("form.composer").forEach(restoreDraft);

  // ---- advice that lies over a form wants it changed: sent unchanged, it would only come back
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.hasAttribute("data-advised") || event.submitter?.name !== "again" || isChanged(form)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const asItIs = form.querySelector("button:not([name]):not([type])").textContent;
      tell(`Nothing is changed yet. Change the words below, or press ${asItIs}.`);
      const written = filledIn(form).filter(isWritten);
      (written.find((field) => field.value) ?? written[0])?.focus();
    },
    true,
  );

  // ---- sending
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form.composer")) form.dataset.sent = form.elements.text.value;
    if (form.id === "dialog-form") sentDraft = draftKey(form);
    if (form.matches("#dialog-form, .sample")) {
      known = new Set([...document.querySelectorAll(".post")].map((post) => post.id));
    }
    document.getElementById("problem").replaceChildren();
  });
  document.body.addEventListener("amends-said", (event) => {
    const form = event.target;
    if (!form.matches("form.composer")) return;
    if (form.elements.text.value === form.dataset.sent) form.elements.text.value = "";
    keepDraft(form);
    const scroll = form.closest(".pane").querySelector(".scroll");
    scroll.scrollTop = scroll.scrollHeight;
  });

  // ---- a browser that is led to a part of the page forgets where the keyboard was meant to begin
  window.addEventListener("load", () => {
    if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus({ preventScroll: true });
  });

  // ---- a thread opens at what it asks; what a form of the reader's made is scrolled to and marked
  const threadPosts = document.getElementById("thread-posts");
  if (threadPosts?.dataset.start && !location.hash) {
    document.getElementById(threadPosts.dataset.start)?.scrollIntoView();
  }
  const show = () => {
    if (!known || dialog.open) return;
    const made = [...document.querySelectorAll(".post")].filter((post) => !known.has(post.id));
    const first = made.find((post) => threadPosts?.contains(post)) ?? made[0];
    if (!first) return;
    known = null;
    location.replace(`#${first.id}`);
  };
  for (const posts of document.querySelectorAll(".posts")) {
    new MutationObserver(show).observe(posts, { childList: true });
  }
  dialog.addEventListener("close", show);

  // ---- a note must be seen: what comes for a pane that is not shown stands in one that is
  for (const kind of ["stays", "note"]) {
    const rooms = [...document.querySelectorAll(`.note-room[id$="-${kind}"]`)];
    for (const room of rooms) {
      new MutationObserver(() => {
        const shown = rooms.findLast((other) => other.offsetParent !== null);
        if (!room.firstElementChild || room.offsetParent !== null || !shown) return;
        shown.replaceChildren(...room.childNodes);
        shown.scrollIntoView({ block: "nearest" });
      }).observe(room, { childList: true });
    }
  }

  // ---- trouble, said where the person is looking
  const tell = (sentence) => {
    const said = document.createElement("p");
    said.textContent = sentence;
    said.className = "fault";
    const inside = document.getElementById("dialog-fault");
    if (dialog.open && inside) {
      inside.replaceChildren(said);
      return;
    }
    if (dialog.open) dialog.close();
    const dismiss = document.createElement("button");
    dismiss.type = "button";
    dismiss.className = "plain";
    dismiss.dataset.dismiss = "";
    dismiss.textContent = "Dismiss";
    document.getElementById("problem").replaceChildren(said, dismiss);
  };
  document.body.addEventListener("amends-problem", (event) => tell(event.detail.sentence));
  document.addEventListener("htmx:error", (event) => {
    const form = event.detail.ctx?.sourceElement;
    known = null;
    if (form?.matches?.("form, button")) tell("Amends cannot be reached just now. What you typed is still here: try again.");
  });

  // A page that is leaving wants no more news: a fetch that the leaving breaks off reads as a fault.
  window.addEventListener("beforeunload", () => document.getElementById("events")?.remove());
  // And one that the browser brings back as it was is out of date.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
