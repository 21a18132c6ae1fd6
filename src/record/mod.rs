//! Records: types (`text/avatar`), typed values, their text and ABI forms.
